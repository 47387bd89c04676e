package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// container measures docker run of hello against the minimal server, where an
// engine answers.
func (b *bench) container(ctx context.Context) error {
	asked, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := command(asked, b.dir, "docker", "info"); err != nil {
		b.say("  docker run is not measured: no engine answers\n")
		return ctx.Err()
	}
	image := filepath.Base(b.dir)
	if err := b.image(ctx, image); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_, _ = command(ctx, b.dir, "docker", "rmi", "--force", image)
	}()
	// The engine gives the process its environment, and ends it when the client
	// that has started it does.
	s, err := b.starter(ctx, "docker", "docker", "run", "--rm", "--network", "host", "--env", "AWS_LAMBDA_RUNTIME_API", image, "/bootstrap")
	if err != nil {
		return err
	}
	defer s.stop()
	for range 2*b.rounds + 1 {
		if err := s.start(ctx); err != nil {
			return fmt.Errorf("docker run: %w", err)
		}
	}
	b.times("  docker run (ms)", "", "", s.took[1:])
	return nil
}

// image makes an image that holds nothing but hello's program.
func (b *bench) image(ctx context.Context, name string) error {
	dir := filepath.Dir(b.helloProgram())
	archive := filepath.Join(b.dir, "image.tar")
	if _, err := command(ctx, dir, "tar", "-cf", archive, "bootstrap"); err != nil {
		return err
	}
	_, err := command(ctx, dir, "docker", "import", archive, name)
	return err
}
