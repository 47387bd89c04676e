// Package sandbox starts a function's process and keeps it from the machine.
// It keeps honest functions from stepping on each other and contains
// accidents; it is not a boundary against hostile code, as all share one
// kernel.
//
// What a process is promised to be kept from, by level:
//
//	                                            none  basic  standard  strict
//	outliving the runner, kill -9 included       x      x       x        x
//	leaving something running at its end         x      x       x        x
//	the runner's environment and open files      x      x       x        x
//	root's powers, and programs that give them          x       x        x
//	more memory, disk, processes and open               x       x        x
//	  files than its own
//	other code, the runner's store, the user's                  x        x
//	  files; writing outside its own folder
//	TCP ports that are not named, listening,                    x        x
//	  UDP (see Spec.Connect), Unix sockets
//	signals to, tracing of, looking into                        x        x
//	  others; the runner's terminal
//	mounts, namespaces, keys, kernel modules, the               x        x
//	  clock and other system calls of no use to it
//	the user id of another (when the runner is                  x        x
//	  root and others may enter its folder)
//	seeing other processes, /tmp of others,                              x
//	  more of the processors than its share
//
// On Linux all of that is there; elsewhere none and basic are, and basic has no
// more than none. Standard takes Landlock 6 (Linux 6.12), or 4 (Linux 6.7) when
// the runner is root; privileges it takes none, and it works in a container
// as it is. Strict takes root, in a container CAP_SYS_ADMIN, and a cgroup of
// version 1 or 2 that may be written to. Sandbox.Measures says what is on.
//
// How: a process is started by a thread of its own, which first gives up what
// the process may not have. On Linux privileges, Landlock's rules, filters of
// system calls and mounts are a thread's, and what it starts inherits them. So
// nothing stands between the runner and the function, and a cold start costs
// little more than starting a process does.
//
// How exact the limits are: a file cannot grow beyond Spec.TmpSize, a process
// with a user of its own cannot start more than Spec.Processes, and at level
// strict the kernel counts the memory. What else is too much is seen by a watch
// that looks every 25 ms while something happens, and the process is killed.
//
// What is not promised: the files that any user may read in /usr and, of
// running processes, their names and arguments can be read; without a user of
// its own a process can change modes and times of the runner's user's files,
// which Landlock does not govern, and at basic all that the user can. A
// process at level strict is the first of its namespace: it ends by SIGTERM
// only if it handles it, and orphans in it are collected at its end.
package sandbox
