// Package faas is the function runner: AWS Lambda's contract on one machine.
// Programs written for Lambda run in it unchanged, and Lambda's own clients call
// them. It has never heard of a shop.
//
// An invocation goes this way:
//
//	api          an HTTP request, as Lambda's clients send it,
//	url          or as anybody does, to a function that has a URL
//	runner       which version is meant; was it called in a circle?
//	registry       functions, versions, aliases and limits
//	pool         may it run now, and where: an idle instance, or a new one
//	code           for a new one, its code is fetched, checked and unpacked
//	instance       and its process started,
//	sandbox          kept from the rest of the machine
//	runtimeapi   the process asks for the event, and answers it
//	journal      what it printed is kept
//	stats        what it cost is counted
//
// An event that nobody waits for is kept by async first, and goes the same way
// from runner on. So do the records of a topic, which poller reads from Kafka for
// each mapping of one to a function that package mapping keeps.
//
// The packages sam and build read a manifest and make code into what is deployed,
// and deploy sends it as Lambda's own tools do; sigv4 says who calls, console shows
// what Lambda's API has no word for, and function and trace are the vocabulary of
// all.
//
// The program is cmd/faas; this package holds the tests of it as a whole, with
// real processes that are killed.
package faas
