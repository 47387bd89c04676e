package seed

// What is for the garden, a walk or a game.
var (
	plantPot = drawing{
		stroke(dark, 2, pts(50, 56, 50, 30)), stroke(dark, 2, pts(50, 50, 36, 36)), stroke(dark, 2, pts(50, 46, 63, 33)),
		ellipse(accent, 50, 21, 7, 11), ellipse(accent, 32, 32, 10, 6), ellipse(accent, 68, 29, 10, 6),
		ellipse(light, 38, 44, 7, 4), ellipse(light, 62, 43, 7, 4),
		polygon(body, 30, 58, 70, 58, 64, 84, 36, 84),
		polygon(dark, 61, 58, 70, 58, 64, 84, 57, 84),
		box(light, 27, 52, 46, 8, 2),
	}
	wateringCan = drawing{
		ring(dark, 54, 38, 22, 20, 4),
		stroke(body, 6, pts(34, 70, 14, 40)),
		polygon(light, 8, 42, 20, 34, 15, 29, 5, 37),
		box(body, 32, 42, 44, 42, 4),
		box(dark, 65, 42, 11, 42, 4),
		box(light, 30, 40, 48, 6, 2),
		box(accent, 32, 60, 44, 6, 0),
	}
	trowel = drawing{
		outline(light, pts(40, 40, 60, 40), arc(50, 52, 13, 32, 0, 180)),
		outline(paper, pts(46, 42, 50, 42), arc(50, 52, 8, 27, 90, 180)),
		box(line, 47.5, 28, 5, 14, 1),
		box(body, 44, 6, 12, 26, 6),
		box(accent, 44, 24, 12, 3, 0), box(dark, 51, 9, 5, 15, 2.5),
	}
	seedPacket = drawing{
		box(paper, 28, 16, 44, 68, 2),
		box(body, 28, 16, 44, 14, 2),
		polygon(dark, 28, 24, 72, 24, 72, 30, 28, 30),
		stroke(dark, 1.8, pts(50, 80, 50, 56)), ellipse(light, 43, 70, 6, 3), ellipse(light, 57, 66, 6, 3),
		ellipse(accent, 50, 40, 5, 6), ellipse(accent, 50, 58, 5, 6), ellipse(accent, 41, 49, 6, 5), ellipse(accent, 59, 49, 6, 5),
		ellipse(accent, 44, 43, 5, 5), ellipse(accent, 56, 43, 5, 5), ellipse(accent, 44, 55, 5, 5), ellipse(accent, 56, 55, 5, 5),
		ellipse(body, 50, 49, 5, 5),
	}
	birdHouse = drawing{
		box(line, 47, 70, 6, 14, 0),
		polygon(body, 32, 40, 50, 22, 68, 40, 68, 72, 32, 72),
		polygon(dark, 60, 32, 68, 40, 68, 72, 60, 72),
		stroke(accent, 6, pts(27, 43, 50, 20, 73, 43)),
		ellipse(line, 49, 46, 7, 7),
		stroke(light, 3, pts(49, 60, 49, 61)), stroke(light, 2.4, pts(49, 61, 49, 65)),
	}
	umbrella = drawing{
		stroke(line, 2.6, append(pts(50, 18, 50, 76), arc(44, 76, 6, 7, 0, 170)...)),
		outline(body, arc(50, 52, 38, 34, 180, 360), arc(75.5, 52, 12.5, 6, 0, -180), arc(50, 52, 13, 6, 0, -180), arc(24.5, 52, 12.5, 6, 0, -180)),
		outline(light, arc(50, 52, 13, 34, 180, 360), arc(50, 52, 13, 6, 0, -180)),
		outline(dark, arc(50, 52, 38, 34, 270, 360), arc(75.5, 52, 12.5, 6, 0, -180), arc(50, 52, 13, 34, 360, 270)),
		ellipse(accent, 50, 17, 2, 3),
	}
	boot = drawing{
		outline(body, pts(34, 18, 60, 18, 60, 56), arc(74, 74, 12, 14, -90, 0), pts(86, 80, 34, 80)),
		polygon(dark, 34, 18, 42, 18, 42, 80, 34, 80),
		box(light, 32, 16, 30, 7, 2),
		box(line, 32, 78, 55, 6, 2),
		box(accent, 34, 66, 8, 14, 0),
		stroke(light, 2.4, pts(53, 32, 53, 48)),
	}
	rucksack = drawing{
		ring(line, 50, 22, 9, 9, 3),
		box(dark, 20, 50, 60, 28, 9),
		box(body, 27, 22, 46, 62, 14),
		outline(light, arc(50, 36, 23, 14, 180, 360), pts(73, 46), arc(50, 46, 23, 6, 0, 180)),
		box(dark, 34, 58, 32, 20, 4), box(light, 34, 58, 32, 6, 2),
		box(accent, 46, 44, 8, 14, 2), box(paper, 47.5, 51, 5, 4, 1),
	}
	flask = drawing{
		box(accent, 37, 14, 26, 16, 4),
		box(dark, 39, 28, 22, 5, 0),
		box(body, 34, 32, 32, 52, 5), box(dark, 57, 32, 9, 52, 5),
		box(light, 39, 38, 4, 38, 2),
		box(paper, 34, 56, 32, 3, 0), box(accent, 34, 61, 32, 3, 0),
	}
	rug = drawing{
		box(dark, 22, 40, 60, 44, 6),
		box(body, 18, 36, 60, 44, 6),
		box(light, 18, 46, 60, 4, 0), box(accent, 18, 54, 60, 8, 0), box(light, 18, 66, 60, 4, 0),
		box(light, 28, 36, 4, 44, 0), box(accent, 40, 36, 8, 44, 0), box(light, 56, 36, 4, 44, 0), box(light, 66, 36, 4, 44, 0),
		box(line, 32, 33, 5, 50, 1), box(line, 61, 33, 5, 50, 1),
		ring(line, 49, 33, 17, 10, 4),
	}
	torch = drawing{
		ring(dark, 50, 50, 34, 24, 7),
		box(body, 30, 42, 40, 36, 8), box(dark, 60, 46, 10, 32, 6),
		ellipse(line, 49, 60, 13, 13), ellipse(accent, 49, 60, 10, 10), ellipse(paper, 46, 57, 4, 4),
		polygon(light, 30, 86, 36, 82, 42, 86), box(line, 44, 38, 12, 5, 2),
	}
	blocks = drawing{
		box(body, 16, 54, 30, 30, 2), box(accent, 52, 54, 30, 30, 2), box(light, 34, 22, 30, 30, 2),
		box(paper, 20, 58, 22, 22, 1), box(paper, 56, 58, 22, 22, 1), box(paper, 38, 26, 22, 22, 1),
		polygon(body, 31, 61, 39, 77, 23, 77), ellipse(accent, 67, 69, 8, 8), box(dark, 42, 30, 14, 14, 1),
	}
	kite = drawing{
		stroke(line, 1, append(pts(50, 66), arc(56, 76, 10, 8, 180, 20)...)),
		polygon(body, 50, 8, 50, 34, 24, 34), polygon(dark, 50, 8, 76, 34, 50, 34),
		polygon(light, 24, 34, 50, 34, 50, 68), polygon(accent, 50, 34, 76, 34, 50, 68),
		polygon(accent, 44, 72, 52, 76, 44, 80), polygon(accent, 60, 72, 52, 76, 60, 80),
		polygon(body, 60, 79, 68, 83, 61, 87), polygon(body, 75, 78, 68, 83, 75, 88),
	}
	train = drawing{
		box(dark, 16, 36, 26, 36, 3), box(paper, 21, 42, 15, 13, 2), box(accent, 12, 30, 34, 7, 2),
		box(body, 40, 48, 42, 24, 6), box(light, 40, 54, 42, 5, 0),
		polygon(line, 64, 48, 62, 30, 78, 30, 76, 48), box(accent, 60, 27, 20, 5, 1),
		ellipse(light, 53, 46, 6, 5),
		ellipse(line, 29, 74, 10, 10), ellipse(accent, 29, 74, 4, 4),
		ellipse(line, 55, 76, 8, 8), ellipse(accent, 55, 76, 3, 3), ellipse(line, 74, 76, 8, 8), ellipse(accent, 74, 76, 3, 3),
		ellipse(paper, 70, 19, 5, 4), ellipse(paper, 62, 13, 6, 5),
	}
	spinningTop = drawing{
		box(line, 48, 12, 4, 24, 1), ellipse(accent, 50, 12, 6, 4),
		polygon(dark, 40, 70, 60, 70, 50, 85),
		ellipse(body, 50, 54, 34, 20),
		outline(light, arc(50, 48, 33, 5, 0, 180), arc(50, 54, 33, 5, 180, 0)),
		outline(accent, arc(50, 57, 33, 5, 0, 180), arc(50, 61, 32, 5, 180, 0)),
		outline(light, arc(50, 40, 20, 5, 180, 360), arc(50, 40, 20, 4, 0, 180)),
	}
	dominoes = drawing{
		box(line, 20, 30, 26, 52, 4), box(paper, 19, 28, 26, 52, 4), stroke(line, 1.2, pts(23, 54, 41, 54)),
		ellipse(body, 26, 35, 3, 3), ellipse(body, 38, 47, 3, 3), ellipse(body, 32, 41, 3, 3),
		ellipse(body, 26, 61, 3, 3), ellipse(body, 38, 61, 3, 3), ellipse(body, 26, 73, 3, 3), ellipse(body, 38, 73, 3, 3),
		box(line, 54, 34, 26, 50, 4), box(accent, 53, 32, 26, 50, 4), stroke(paper, 1.2, pts(57, 57, 75, 57)),
		ellipse(paper, 66, 44, 3, 3), ellipse(paper, 60, 64, 3, 3), ellipse(paper, 72, 76, 3, 3),
	}
	ball = drawing{
		ellipse(body, 50, 54, 30, 30),
		outline(dark, arc(50, 54, 30, 30, -50, 110), arc(42, 48, 30, 34, 80, -30)),
		outline(paper, arc(50, 54, 30, 9, 180, 0), arc(50, 64, 28, 9, 0, 180)),
		ellipse(accent, 40, 38, 5, 4), ellipse(accent, 60, 36, 4, 3), ellipse(light, 33, 46, 3, 4), ellipse(accent, 46, 78, 5, 3),
	}
)
