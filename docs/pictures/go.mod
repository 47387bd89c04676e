// The libraries weighed in ../pictures.md, apart from the program's own
// dependencies because the program uses none but the one that was chosen.
module triptych/docs/pictures

go 1.26.0

require (
	github.com/anthonynsimon/bild v0.14.0
	github.com/disintegration/imaging v1.6.2
	github.com/kovidgoyal/imaging v1.8.19
	github.com/nfnt/resize v0.0.0-20180221191011-83c6a9932646
	golang.org/x/image v0.47.0
	triptych v0.0.0
)

require (
	github.com/kovidgoyal/go-parallel v1.1.1 // indirect
	github.com/kovidgoyal/go-shm v1.0.0 // indirect
	github.com/rwcarlsen/goexif v0.0.0-20190401172101-9e8deecbddbd // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace triptych => ../..
