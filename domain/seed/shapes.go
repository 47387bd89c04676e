package seed

import "math"

// A drawing is a thing in flat colours: shapes, painted one over the other, on
// a square of 100 by 100 whose origin is its upper left corner.
type drawing []shape

// A shape is an area of one colour. Contours that run the other way around cut
// holes.
type shape struct {
	ink      ink
	contours [][]point
}

// An ink names a colour by its part in a palette.
type ink int

const (
	wall ink = iota
	halo
	body
	dark
	light
	accent
	paper
	line
)

type point struct{ x, y float64 }

// pts returns the points of those coordinates: x, y, x, y …
func pts(coordinates ...float64) []point {
	points := make([]point, 0, len(coordinates)/2)
	for i := 0; i < len(coordinates); i += 2 {
		points = append(points, point{coordinates[i], coordinates[i+1]})
	}
	return points
}

// arc returns points on an ellipse, from one angle to another, in degrees
// clockwise from the right.
func arc(cx, cy, rx, ry, from, to float64) []point {
	const steps = 48
	points := make([]point, 0, steps+1)
	for i := range steps + 1 {
		sin, cos := math.Sincos((from + (to-from)*float64(i)/steps) * math.Pi / 180)
		points = append(points, point{cx + rx*cos, cy + ry*sin})
	}
	return points
}

// outline is an area whose edge runs through the parts in turn.
func outline(i ink, parts ...[]point) shape {
	var edge []point
	for _, part := range parts {
		edge = append(edge, part...)
	}
	return shape{i, [][]point{clockwise(edge)}}
}

func polygon(i ink, coordinates ...float64) shape { return outline(i, pts(coordinates...)) }

func ellipse(i ink, cx, cy, rx, ry float64) shape { return outline(i, arc(cx, cy, rx, ry, 0, 360)) }

// box is a rectangle whose corners are rounded with radius r.
func box(i ink, x, y, w, h, r float64) shape {
	return outline(i,
		arc(x+w-r, y+r, r, r, -90, 0), arc(x+w-r, y+h-r, r, r, 0, 90),
		arc(x+r, y+h-r, r, r, 90, 180), arc(x+r, y+r, r, r, 180, 270))
}

// ring is an ellipse of which only the rim, of that width, is there.
func ring(i ink, cx, cy, rx, ry, width float64) shape {
	s := ellipse(i, cx, cy, rx, ry)
	hole := arc(cx, cy, rx-width, ry-width, 360, 0)
	s.contours = append(s.contours, hole)
	return s
}

// stroke is a line through points, with round ends.
func stroke(i ink, width float64, points []point) shape {
	s := shape{ink: i}
	for n, p := range points {
		s.contours = append(s.contours, arc(p.x, p.y, width/2, width/2, 0, 360))
		if n == 0 {
			continue
		}
		q := points[n-1]
		length := math.Hypot(p.x-q.x, p.y-q.y)
		if length == 0 {
			continue
		}
		dx, dy := (p.y-q.y)/length*width/2, (q.x-p.x)/length*width/2
		s.contours = append(s.contours, clockwise(pts(q.x+dx, q.y+dy, p.x+dx, p.y+dy, p.x-dx, p.y-dy, q.x-dx, q.y-dy)))
	}
	return s
}

// clockwise returns the points in that direction, in which arc goes too: areas
// that overlap add up only when they run the same way around.
func clockwise(points []point) []point {
	area := 0.0
	for n, p := range points {
		q := points[(n+1)%len(points)]
		area += p.x*q.y - q.x*p.y
	}
	if area >= 0 {
		return points
	}
	turned := make([]point, len(points))
	for n, p := range points {
		turned[len(points)-1-n] = p
	}
	return turned
}
