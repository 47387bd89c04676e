package main

const usage = `faas: AWS Lambda's contract on this machine.

  faas serve               run functions; the other commands talk to it
  faas deploy NAME FOLDER  build a Go program, or take a folder with a bootstrap or a zip
                           file, and have it there as a function; again to update it
  faas deploy -t TEMPLATE  the same for the functions of a SAM template
  faas build NAME FOLDER   build alone, into NAME.zip; build -t TEMPLATE: all of a template
  faas invoke NAME [EVENT] run a function with an event: JSON, @FILE, or - for standard input
  faas list                which functions there are, and their URLs
  faas logs NAME           what a function printed, and what its invocations took
  faas stats [NAME]        invocations, errors, cold starts, percentiles, GB-seconds
  faas topics              which topics of Kafka's wake which functions, and how far they are read
  faas queues [QUEUE]      queues of records and dead letters, and what is in one
  faas rm NAME...          remove functions, with their figures and log lines
  faas help                this text

serve:
  --addr HOST:PORT       where the API is served (default 127.0.0.1:9000)
  --data DIR             where code, logs and events are kept (default .triptych/faas)
  --isolation LEVEL      none, basic, standard, strict, or auto, the best there is (default auto)
  --concurrency N        events under way at a time (default one for every 64 MB, at most 1000)
  --keep-alive D         how long idle instances are kept (default 5m)
  --freeze               stop the processes of idle instances, as Lambda does
  --allow-remote         serve others than this machine without a key
  --host NAME            a domain name that it is called by, once for each: without a key,
                         others are refused, so that no web page can call it
  $RUNNER_ACCESS_KEY, $RUNNER_SECRET_KEY, or the files that …_FILE names: who may call, by
                         AWS's signature; without, everybody

deploy NAME FOLDER:
  --memory MB            128 to 10240 (of a new function: 128)
  --timeout SECONDS      1 to 900 (of a new function: 3)
  --env NAME=VALUE       once for each variable; together they replace those there are
  --isolation LEVEL      of this function
  --connect PORTS        TCP ports that it may connect to, with commas between
  --keep-alive D         how long its idle instances are kept
  --max-concurrency N    events that one instance takes at a time
  --reserved N           events of it that may be under way; none takes the reservation away

deploy -t TEMPLATE, build -t TEMPLATE:
  --parameter NAME=VALUE once for each of the template's Parameters
  --stack NAME           what its functions belong to (default the name of its folder)
  --prune                remove functions of the stack that it has no longer
  --all-at-once          have new versions take over now, whatever DeploymentPreference says
  --back                 deploy nothing: where a new version is taking over, go back to the
                         one before

build:
  --output DIR           where the zip files are put (default .)
  --arch ARCH            x86_64 or arm64 (default this machine's)

invoke:
  --qualifier Q          a version or an alias
  --async                only queue the event
  --log                  show the end of the log as well

logs:
  --follow               go on with the lines to come
  --since T              a duration, such as 10m, or a time, such as 2026-11-24T12:00:00Z

stats:
  --json                 all there is, for programs

topics:
  --delete ID            have a topic wake its function no longer

queues QUEUE:
  --redrive              deliver its dead letters again
  --delete ID            remove a message

Every command but serve and build:
  --endpoint URL         the runner's API (default $AWS_ENDPOINT_URL_LAMBDA, or
                         http://127.0.0.1:9000); requests are signed with $AWS_ACCESS_KEY_ID
                         and $AWS_SECRET_ACCESS_KEY, or $RUNNER_ACCESS_KEY and $RUNNER_SECRET_KEY

It ends with 0, with 1 when something failed, a function for instance, and with 2 when it
was called wrongly.
`
