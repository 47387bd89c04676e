package instance

import "syscall"

// badLibrary is what only Linux says of a program: that what loads it is none.
const badLibrary = syscall.ELIBBAD
