package seed

// What stands on tables and shelves.
var (
	tin = drawing{
		box(body, 32, 30, 36, 54, 2),
		box(dark, 60, 30, 8, 54, 2),
		box(light, 30, 22, 40, 11, 2),
		ellipse(line, 50, 20, 5, 3),
		box(paper, 32, 45, 36, 24, 0),
		ellipse(accent, 50, 57, 8, 8),
		outline(paper, arc(50, 57, 5, 5, 90, 270)),
	}
	coffeeBag = drawing{
		polygon(body, 31, 30, 69, 30, 72, 84, 28, 84),
		polygon(dark, 62, 30, 69, 30, 72, 84, 62, 84),
		polygon(light, 31, 30, 34, 20, 66, 20, 69, 30),
		box(line, 33, 24, 34, 3, 1),
		ellipse(paper, 49, 58, 14, 14),
		ellipse(accent, 49, 58, 7, 10),
		stroke(paper, 1.6, pts(49, 49, 47, 54, 51, 61, 49, 67)),
	}
	teacup = drawing{
		ellipse(dark, 48, 79, 34, 5),
		ellipse(light, 48, 77, 34, 5),
		ring(body, 74, 54, 10, 11, 4),
		outline(body, arc(48, 46, 27, 31, 0, 180)),
		outline(dark, pts(48, 46), arc(48, 46, 27, 31, 0, 70)),
		outline(accent, pts(21, 46, 75, 46), arc(48, 52, 27, 6, 0, 180)),
		ellipse(paper, 48, 46, 27, 6),
		ellipse(accent, 48, 47, 22, 4),
		stroke(paper, 1.8, append(arc(42, 31, 3, 5, 270, 90), arc(42, 21, 3, 5, 90, -90)...)),
		stroke(paper, 1.8, append(arc(54, 33, 3, 5, 270, 90), arc(54, 23, 3, 5, 90, -90)...)),
	}
	teapot = drawing{
		ring(dark, 77, 56, 12, 15, 4.5),
		polygon(body, 30, 52, 12, 36, 8, 40, 26, 72),
		ellipse(body, 50, 60, 28, 24),
		outline(dark, arc(50, 60, 28, 24, -60, 80), pts(58, 70, 62, 50)),
		ellipse(light, 40, 52, 6, 9),
		box(light, 36, 34, 28, 5, 2),
		ellipse(accent, 50, 30, 5, 5),
	}
	mug = drawing{
		ring(dark, 70, 56, 15, 16, 5.5),
		box(body, 27, 32, 43, 52, 5),
		box(dark, 60, 36, 10, 48, 5),
		box(accent, 27, 62, 43, 7, 0),
		box(paper, 27, 71, 43, 3, 0),
		ellipse(light, 48.5, 33, 21.5, 5),
		ellipse(line, 48.5, 34, 18, 3.2),
	}
	saucepan = drawing{
		stroke(line, 5, pts(66, 54, 96, 46)),
		box(body, 18, 46, 52, 38, 7),
		box(dark, 58, 50, 12, 34, 6),
		box(light, 15, 43, 58, 6, 3),
		outline(dark, arc(44, 43, 26, 13, 180, 360)),
		ellipse(accent, 44, 28, 5, 4),
		box(light, 25, 54, 5, 22, 2.5),
	}
	bowl = drawing{
		outline(body, arc(50, 46, 36, 38, 0, 180)),
		outline(dark, pts(58, 60), arc(50, 46, 36, 38, 5, 70)),
		box(dark, 36, 80, 28, 4, 1),
		outline(light, pts(15, 56), arc(50, 56, 35, 8, 180, 0)),
		ellipse(paper, 50, 46, 36, 8),
		ellipse(light, 50, 48, 30, 5.5),
		stroke(line, 3, pts(60, 47, 82, 18)),
		ellipse(accent, 42, 47, 8, 3),
	}
	jar = drawing{
		box(paper, 30, 32, 40, 52, 6),
		box(accent, 33, 48, 34, 33, 4),
		box(light, 33, 48, 8, 33, 4),
		box(body, 28, 22, 44, 10, 3),
		ring(dark, 71, 30, 5, 8, 2),
		box(dark, 30, 36, 40, 2.5, 0),
		box(paper, 43, 57, 20, 14, 1),
		stroke(line, 1.2, pts(47, 62, 59, 62)),
		stroke(line, 1.2, pts(47, 66, 55, 66)),
	}
	jug = drawing{
		ring(dark, 68, 50, 13, 17, 5),
		outline(body, pts(36, 26, 66, 28), arc(50, 66, 24, 18, -30, 210)),
		polygon(body, 36, 26, 24, 24, 34, 40),
		outline(dark, pts(62, 30, 66, 28), arc(50, 66, 24, 18, -30, 80), pts(60, 70)),
		ellipse(paper, 51, 27, 15, 3),
		outline(accent, arc(50, 60, 26.4, 5, 0, 180), arc(50, 66, 26, 5, 180, 0)),
	}
	casserole = drawing{
		box(dark, 8, 52, 84, 7, 3.5),
		box(body, 17, 48, 66, 36, 9),
		box(dark, 70, 52, 13, 32, 8),
		outline(light, pts(15, 48), arc(50, 46, 35, 17, 180, 360), pts(85, 48)),
		box(body, 15, 45, 70, 5, 2),
		ellipse(accent, 50, 27, 6, 4),
		box(paper, 24, 57, 5, 18, 2.5),
	}
	jamJar = drawing{
		box(accent, 31, 36, 38, 48, 7),
		box(dark, 58, 40, 11, 44, 6),
		box(paper, 31, 50, 38, 22, 0),
		ellipse(body, 50, 61, 7, 8),
		polygon(dark, 46, 52, 54, 52, 50, 57),
		box(line, 34, 30, 32, 6, 1),
		polygon(body, 30, 32, 34, 18, 66, 18, 70, 32, 63, 29, 57, 32, 50, 29, 43, 32, 37, 29),
		ellipse(light, 41, 24, 2, 2), ellipse(light, 50, 22, 2, 2), ellipse(light, 59, 24, 2, 2),
	}
	biscuitTin = drawing{
		ellipse(dark, 50, 77, 36, 7),
		box(body, 14, 58, 72, 19, 0),
		box(accent, 14, 65, 72, 4, 0),
		ellipse(light, 50, 56, 37, 9),
		ellipse(body, 50, 53, 37, 9),
		ellipse(paper, 50, 52, 27, 6),
		box(light, 30, 30, 18, 18, 3), box(light, 52, 34, 18, 14, 3),
		ellipse(dark, 36, 36, 1.2, 1.2), ellipse(dark, 42, 36, 1.2, 1.2), ellipse(dark, 36, 42, 1.2, 1.2), ellipse(dark, 42, 42, 1.2, 1.2),
		ellipse(dark, 58, 41, 1.2, 1.2), ellipse(dark, 64, 41, 1.2, 1.2),
	}
	bottle = drawing{
		box(line, 44, 12, 12, 9, 2),
		outline(body, pts(45, 20, 55, 20, 55, 32), arc(58, 46, 8, 12, -90, 0), pts(66, 84, 34, 84), arc(42, 46, 8, 12, 180, 270)),
		outline(dark, pts(55, 32), arc(58, 46, 8, 12, -90, 0), pts(66, 84, 58, 84)),
		box(paper, 34, 50, 32, 22, 0),
		ellipse(accent, 50, 61, 7, 7),
		stroke(light, 2, pts(38, 44, 38, 48)),
	}
)
