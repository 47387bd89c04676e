package sandbox

// Check reports why processes cannot be started at a level.
func (s *Sandbox) Check(level Level) error {
	_, err := s.machine.take(level)
	return err
}
