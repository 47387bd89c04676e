package main

const usage = `faas: AWS Lambda's contract on this machine.

  faas serve               run functions; the other commands talk to it
  faas deploy NAME FOLDER  put a Go program, or a folder with a bootstrap, there as a function
  faas invoke NAME [EVENT] run a function with an event (JSON; - reads it from standard input)
  faas list                which functions there are
  faas rm NAME...          remove functions
  faas help                this text

Flags of serve:
  --addr HOST:PORT   where the API is served (default 127.0.0.1:9000)
  --data DIR         where code, logs and events are kept (default .triptych/faas)
  --isolation LEVEL  none, basic, standard, strict, or auto, the best there is (default auto)

Every other command:
  --endpoint URL     the runner's API (default $AWS_ENDPOINT_URL_LAMBDA, or http://127.0.0.1:9000)
`
