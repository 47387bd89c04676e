//go:build !linux && !darwin

package main

// machineMemory is how many bytes this machine has; 0 if it cannot be told.
func machineMemory() uint64 { return 0 }
