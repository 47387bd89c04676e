package seed

// What is for the bath, the desk and the sofa.
var (
	towels = drawing{
		box(dark, 20, 66, 60, 18, 6), box(body, 20, 64, 60, 17, 6),
		box(line, 22, 49, 56, 17, 6), box(accent, 22, 47, 56, 17, 6),
		box(dark, 24, 32, 52, 17, 6), box(light, 24, 30, 52, 17, 6),
		box(paper, 24, 37, 52, 2.5, 0), box(paper, 22, 54, 56, 2.5, 0), box(paper, 20, 71, 60, 2.5, 0),
	}
	soap = drawing{
		box(dark, 20, 52, 60, 32, 12),
		box(body, 20, 46, 60, 32, 12),
		box(light, 26, 51, 48, 21, 9),
		stroke(body, 2, arc(50, 62, 12, 6, 200, 340)),
		ellipse(paper, 66, 34, 6, 6), ellipse(paper, 78, 26, 4, 4), ellipse(paper, 57, 24, 3, 3),
		ring(accent, 66, 34, 6, 6, 1), ring(accent, 78, 26, 4, 4, 1), ring(accent, 57, 24, 3, 3, 1),
	}
	candle = drawing{
		outline(accent, pts(50, 12), arc(50, 30, 6, 7, 0, 180)),
		outline(paper, pts(50, 21), arc(50, 32, 3, 4, 0, 180)),
		stroke(line, 1.4, pts(50, 33, 50, 42)),
		box(light, 31, 42, 38, 42, 4),
		box(body, 31, 52, 38, 32, 4),
		box(dark, 59, 52, 10, 32, 4),
		ellipse(paper, 50, 42, 19, 4),
		box(paper, 39, 60, 18, 14, 1),
		stroke(line, 1.2, pts(43, 65, 53, 65)), stroke(line, 1.2, pts(43, 69, 50, 69)),
	}
	tube = drawing{
		box(dark, 42, 74, 16, 10, 2),
		polygon(body, 28, 20, 72, 20, 60, 74, 40, 74),
		polygon(dark, 62, 20, 72, 20, 60, 74, 56, 74),
		box(light, 27, 16, 46, 6, 1),
		ellipse(paper, 49, 44, 10, 10),
		outline(accent, pts(49, 36), arc(49, 47, 5, 5, 0, 180)),
	}
	cushion = drawing{
		outline(body, arc(50, 0, 60, 28, 120, 60), arc(100, 52, 20, 50, 220, 140), arc(50, 104, 60, 28, -60, -120), arc(0, 52, 20, 50, 40, -40)),
		stroke(light, 2.4, pts(32, 28, 32, 76)), stroke(light, 2.4, pts(41, 29, 41, 75)),
		stroke(light, 2.4, pts(50, 29, 50, 75)), stroke(light, 2.4, pts(59, 29, 59, 75)), stroke(light, 2.4, pts(68, 28, 68, 76)),
		ellipse(accent, 50, 52, 4, 4), ellipse(dark, 50, 52, 1.6, 1.6),
	}
	notebook = drawing{
		box(line, 27, 20, 50, 65, 3),
		box(paper, 29, 20, 46, 63, 2),
		box(body, 25, 18, 48, 65, 3),
		box(dark, 25, 18, 9, 65, 3),
		box(paper, 42, 32, 24, 14, 1),
		stroke(line, 1.2, pts(46, 37, 62, 37)), stroke(line, 1.2, pts(46, 41, 57, 41)),
		box(accent, 66, 18, 3, 65, 0),
	}
	pencils = drawing{
		polygon(body, 30, 26, 40, 26, 40, 80, 30, 80), polygon(light, 30, 26, 40, 26, 35, 12), polygon(line, 33, 18, 37, 18, 35, 12),
		polygon(accent, 45, 30, 55, 30, 55, 80, 45, 80), polygon(light, 45, 30, 55, 30, 50, 16), polygon(line, 48, 22, 52, 22, 50, 16),
		polygon(dark, 60, 24, 70, 24, 70, 80, 60, 80), polygon(light, 60, 24, 70, 24, 65, 10), polygon(line, 63, 16, 67, 16, 65, 10),
		stroke(paper, 1, pts(35, 30, 35, 56)), stroke(paper, 1, pts(50, 34, 50, 56)), stroke(paper, 1, pts(65, 28, 65, 56)),
		box(light, 22, 56, 56, 28, 3),
		box(body, 22, 62, 56, 16, 0),
		ellipse(paper, 50, 70, 5, 5),
	}
	envelope = drawing{
		box(paper, 24, 18, 52, 50, 2),
		stroke(light, 1.4, pts(31, 27, 69, 27)), stroke(light, 1.4, pts(31, 34, 69, 34)), stroke(light, 1.4, pts(31, 41, 58, 41)),
		box(body, 16, 44, 68, 40, 3),
		polygon(dark, 16, 84, 50, 60, 84, 84),
		polygon(light, 16, 44, 84, 44, 50, 70),
		ellipse(accent, 50, 67, 5.5, 5.5),
	}
	paintbox = drawing{
		polygon(dark, 14, 48, 86, 48, 80, 26, 20, 26),
		polygon(paper, 19, 45, 81, 45, 77, 29, 23, 29),
		box(line, 12, 48, 76, 36, 4),
		box(paper, 16, 52, 68, 28, 2),
		box(body, 20, 55, 13, 9, 2), box(accent, 36, 55, 13, 9, 2), box(light, 52, 55, 13, 9, 2), box(halo, 68, 55, 13, 9, 2),
		box(dark, 20, 68, 13, 9, 2), box(line, 36, 68, 13, 9, 2), box(wall, 52, 68, 13, 9, 2), box(body, 68, 68, 13, 9, 2),
		stroke(dark, 2.6, pts(30, 41, 66, 33)), stroke(accent, 3.4, pts(66, 33, 73, 31.5)),
	}
)
