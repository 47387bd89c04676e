package sam

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// head makes a template of what follows it, from line 2 on.
const head = "Transform: AWS::Serverless-2016-10-31\n"

// function1 is a template with one function; what stands under Properties
// begins on line 6.
const function1 = head + "Resources:\n  Hello:\n    Type: AWS::Serverless::Function\n    Properties:\n"

const inOrder = "      {CodeUri: testdata/code, Handler: bootstrap, Runtime: provided.al2023}\n"

// property is a function that is in order but for what is given, from line 6 on.
func property(lines string) string {
	var b strings.Builder
	b.WriteString(function1)
	for line := range strings.Lines(lines + "\n") {
		b.WriteString("      " + line)
	}
	for _, p := range []string{"CodeUri: testdata/code", "Handler: bootstrap", "Runtime: provided.al2023"} {
		if name, _, _ := strings.Cut(p, ":"); !strings.Contains(lines, name+":") {
			b.WriteString("      " + p + "\n")
		}
	}
	return b.String()
}

// preference is a template whose function has that DeploymentPreference.
func preference(text string) string {
	return property("AutoPublishAlias: live\nDeploymentPreference: {" + text + "}")
}

// after is a function in order, with what is given from line 7 on.
func after(lines string) string { return function1 + inOrder + lines + "\n" }

func parameter1(lines string) string { return after("Parameters:\n  P:\n" + lines) }

var complained = []struct{ name, text, want string }{
	// The file.
	{"empty", "", "1: the template is empty: begin it with Transform and Resources"},
	{"not YAML", "a: b: c", "1: this is not YAML: mapping values are not allowed in this context"},
	{"a scalar", "hello", "1: The template must be a mapping, not a single value"},
	{"two documents", after("---\na: b"), "1: this is not YAML: more than one document: keep one template in a file"},
	{"no transform", "Resources: {}", "1: the template has no Transform: write Transform: AWS::Serverless-2016-10-31, or AWS does not know its resources\n1: Resources is empty: name at least one function there"},
	{"another transform", "Transform: AWS::Serverless-2016\nResources: {A: {Type: AWS::S3::Bucket}}", `1: Transform must be AWS::Serverless-2016-10-31, not "AWS::Serverless-2016" (did you mean AWS::Serverless-2016-10-31?)` + "\n2: AWS::S3::Bucket: this runner has functions and queues alone: leave it out"},
	{"no resources", head, "1: the template has no Resources: name at least one function there"},
	{"empty resources", head + "Resources: {}", "2: Resources is empty: name at least one function there"},
	{"a section's name", after("Output: {}"), `7: The template has no property "Output" (did you mean Outputs?): correct its name or leave it out`},
	{"conditions", after("Conditions: {A: !Equals [a, b]}"), "7: Conditions: this runner has no conditions: write the template for one case, or choose by Parameters"},
	{"mappings", after("Mappings: {}"), "7: Mappings: this runner has no mappings: use Parameters with a Default"},
	{"a name twice", property("Timeout: 3\nTimeout: 4"), "7: Timeout is already on line 6: leave one of them out"},
	{"a list as a name", property("? [a]\n: b"), "6: a name must be a single word: this one is a list or a mapping"},
	{"merge keys", property("Tags: &t {a: b}\nEnvironment:\n  <<: *t"), "8: CloudFormation has no merge keys (<<): write the values out, or put them under Globals"},
	{"NUL", property(`Description: "a\0b"`), "6: a text holds the character NUL: take it out"},

	// Resources.
	{"no type", head + "Resources: {A: {Properties: {}}}", "2: the resource A has no Type: write Type: AWS::Serverless::Function"},
	{"a type's name", head + "Resources:\n  A:\n    Type: AWS::Serverless::Funktion", `4: there is no resource of type "AWS::Serverless::Funktion" (did you mean AWS::Serverless::Function?): correct it`},
	{"another resource", head + "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties: {Any: thing}", "4: AWS::S3::Bucket: this runner has functions and queues alone: leave it out"},
	{"a state machine", head + "Resources:\n  A:\n    Type: AWS::Serverless::StateMachine", "4: AWS::Serverless::StateMachine: this runner runs no workflows yet: leave it out"},
	{"an API", head + "Resources:\n  A:\n    Type: AWS::Serverless::HttpApi", "4: AWS::Serverless::HttpApi: this runner serves no HTTP routes yet: leave it out, and give the function a FunctionUrlConfig"},
	{"a resource's name", head + "Resources: {a-b: {Type: AWS::Serverless::Function}}", `2: the resource "a-b" must have a name of letters and digits`},
	{"a conditional resource", after("  B: {Type: AWS::S3::Bucket, Condition: C}"), "7: Condition: this runner has no conditions: leave it out, or the resource\n7: AWS::S3::Bucket: this runner has functions and queues alone: leave it out"},
	{"one name for two", after("  Other:\n    Type: AWS::Serverless::Function\n    Properties: {CodeUri: testdata/code, Handler: bootstrap, Runtime: provided.al2, FunctionName: Hello}"), `8: Hello and Other are both named "Hello": give one of them another FunctionName`},

	{"many resources", head + "Resources:\n" + many(501), "2: Resources has 501 entries, and CloudFormation takes 500: split the template"},

	// Queues.
	{"a queue's address", after("  Q: {Type: AWS::SQS::Queue}\nOutputs: {Q: {Value: !Ref Q}}"), "8: Ref stands for the address of a queue, which this runner does not have: write !GetAtt Q.Arn or Q.QueueName"},
	{"a queue's name", after("  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: a.fifo}}"), `7: the queue name "a.fifo" is not valid: use 1 to 80 letters, digits, hyphens and underscores`},
	{"a queue in order", after("  Q: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}"), "7: FifoQueue: functions put their events into standard queues alone: leave it out"},
	{"a queue's property", after("  Q: {Type: AWS::SQS::Queue, Properties: {Name: a}}"), `7: A queue has no property "Name": correct its name or leave it out`},

	// Functions.
	{"nothing", head + "Resources:\n  A:\n    Type: AWS::Serverless::Function", "4: A has no CodeUri: write it in its Properties, or in Globals\n4: A has no Handler: write it in its Properties, or in Globals\n4: A has no Runtime: write it in its Properties, or in Globals"},
	{"a property's name", property("MemmorySize: 128"), `6: A function has no property "MemmorySize" (did you mean MemorySize?): correct its name or leave it out`},
	{"a property's case", property("memorysize: 128"), `6: A function has no property "memorysize" (did you mean MemorySize?): correct its name or leave it out`},
	{"no near name", property("Xyzzy: 128"), `6: A function has no property "Xyzzy": correct its name or leave it out`},
	{"no value", property("Timeout:"), "6: Timeout has no value: write one or leave it out"},
	{"memory", property("MemorySize: 127"), `6: MemorySize must be a whole number from 128 to 10240, not "127"`},
	{"memory in words", property("MemorySize: 1 GB"), `6: MemorySize must be a whole number from 128 to 10240, not "1 GB"`},
	{"a fraction", property("MemorySize: 128.5"), `6: MemorySize must be a whole number from 128 to 10240, not "128.5"`},
	{"octal", property("Timeout: 010"), `6: Timeout must be a whole number from 1 to 900, not "010"`},
	{"timeout", property("Timeout: 901"), `6: Timeout must be a whole number from 1 to 900, not "901"`},
	{"/tmp", property("EphemeralStorage: {Size: 511}"), `6: Size must be a whole number from 512 to 10240, not "511"`},
	{"a long name", property("FunctionName: " + strings.Repeat("a", 65)), `6: the function name "` + strings.Repeat("a", 65) + `" is not valid: use 1 to 64 letters, digits, hyphens and underscores`},
	{"a name with a dot", property("FunctionName: a.b"), `6: the function name "a.b" is not valid: use 1 to 64 letters, digits, hyphens and underscores`},
	{"a long description", property("Description: " + strings.Repeat("ü", 257)), "6: Description has 257 characters: shorten it to at most 256"},
	{"go1.x", property("Runtime: go1.x"), "6: Runtime go1.x is no more on AWS: write Runtime: provided.al2023 and Handler: bootstrap, and Metadata: {BuildMethod: go1.x}"},
	{"python", property("Runtime: python3.13"), `6: Runtime is "python3.13": this runner runs provided.al2023 alone, whose program is a file named bootstrap`},
	{"code that is not there", property("CodeUri: none"), `6: CodeUri is "none", and there is nothing at that path beside the template: correct it`},
	{"code that is a file", property("CodeUri: testdata/whole.yaml"), `6: CodeUri is "testdata/whole.yaml", which is neither a folder nor a zip file: name one`},
	{"code in S3", property("CodeUri: s3://b/k"), "6: CodeUri is in S3, which this runner does not have: name a folder or a zip file"},
	{"code in a bucket", property("CodeUri: {Bucket: b, Key: k}"), "6: CodeUri is in S3, which this runner does not have: name a folder or a zip file"},
	{"code in the template", property("InlineCode: x"), "6: InlineCode: a bootstrap cannot stand in a template: put it in a folder and name that in CodeUri"},
	{"architectures", property("Architectures: [x86_64, arm64]"), "6: Architectures must have exactly one: [x86_64] or [arm64]"},
	{"architecture", property("Architectures: [amd64]"), `6: Architectures must be x86_64 or arm64, not "amd64"`},
	{"a tag of the runner", property("Tags: {\"runner:isolation\": none}"), "6: tags that begin with runner: are the runner's own: write it under Metadata.Runner"},
	{"an alias of digits", property("AutoPublishAlias: \"12\""), `6: AutoPublishAlias is "12": it must be letters, digits, hyphens and underscores, at least one of them no digit, and at most 128`},
	{"layers", property("Layers: [a]"), "6: Layers: this runner has no layers: put what they hold into the function's folder"},
	{"a role", property("Role: arn:aws:iam::0:role/r"), "6: Role: this runner has no roles: say in Policies which functions it may invoke"},
	{"provisioned without alias", property("ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}"), "6: ProvisionedConcurrencyConfig has nothing to apply to: give the function an AutoPublishAlias"},
	{"provisioned above reserved", property("ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 3}\nReservedConcurrentExecutions: 2\nAutoPublishAlias: live"), "6: 3 instances kept ready are more than the 2 of ReservedConcurrentExecutions: keep fewer, or reserve more"},

	// Texts.
	{"a list for a text", property("Description: [a]"), "6: Description must be a single value, not a list"},
	{"a number with more than one spelling", property("Environment: {Variables: {ACCOUNT: 0123}}"), "6: ACCOUNT is 0123, which YAML may read as something else: write it in quotes"},
	{"yes", property("Environment: {Variables: {ANSWER: yes}}"), "6: ANSWER is yes, which YAML may read as something else: write it in quotes"},
	{"minutes", property("Environment: {Variables: {AT: 12:30}}"), "6: AT is 12:30, which YAML may read as something else: write it in quotes"},
	{"a day", property("Environment: {Variables: {ON: 2026-01-01}}"), "6: ON is 2026-01-01, which YAML may read as something else: write it in quotes"},
	{"bytes", property("Environment: {Variables: {ALL: !!binary YQ==}}"), "6: ALL must be a text, not YAML's !!binary: write it in quotes"},

	// The environment.
	{"a reserved variable", property("Environment:\n  Variables:\n    A1: a\n    AWS_REGION: b"), "9: the environment variable AWS_REGION is reserved: the runner sets it itself"},
	{"a variable's name", property("Environment: {Variables: {a-b: c}}"), `6: the environment variable name "a-b" is not valid: take two characters or more, a letter, then letters, digits and underscores`},
	{"a large environment", property("Environment:\n  Variables: {AB: " + strings.Repeat("x", 4095) + "}"), "7: the environment takes more than 4096 bytes: shorten it"},
	{"variables without Variables", property("Environment: {A: b}"), `6: Environment has no property "A": correct its name or leave it out`},

	// How it is deployed and invoked.
	{"a preference's name", preference("Type: AllatOnce"), `7: Type must be AllAtOnce, CanaryXPercentYMinutes or LinearXPercentEveryYMinutes, not "AllatOnce" (did you mean AllAtOnce?)`},
	{"no way to shift", preference("Type: Canary10Percent"), `7: Type must be AllAtOnce, CanaryXPercentYMinutes or LinearXPercentEveryYMinutes, not "Canary10Percent"`},
	{"all of it at the first step", preference("Type: Canary100Percent5Minutes"), `7: Type is "Canary100Percent5Minutes": the percentage must be from 1 to 99, and the minutes from 1 to 2880`},
	{"no minutes", preference("Type: Linear10PercentEvery0Minutes"), `7: Type is "Linear10PercentEvery0Minutes": the percentage must be from 1 to 99, and the minutes from 1 to 2880`},
	{"three days", preference("Type: Canary10Percent4320Minutes"), `7: Type is "Canary10Percent4320Minutes": the percentage must be from 1 to 99, and the minutes from 1 to 2880`},
	{"one minutes", preference("Type: Linear10PercentEvery1Minutes"), `7: Type is "Linear10PercentEvery1Minutes", which AWS does not know: write Linear10PercentEvery1Minute`},
	{"no Every", preference("Type: Linear10Percent2Minutes"), `7: Type is "Linear10Percent2Minutes", which AWS does not know: write Linear10PercentEvery2Minutes`},
	{"no Type", preference("Enabled: true"), "7: DeploymentPreference has no Type: write AllAtOnce, or one such as Canary10Percent5Minutes"},
	{"alarms", preference("Type: AllAtOnce, Alarms: [a]"), "7: Alarms: this runner has no alarms: leave them out, and look at faas stats while events go over to a new version"},
	{"hooks", preference("Type: AllAtOnce, Hooks: {PreTraffic: a}"), "7: Hooks: this runner runs no functions around a deployment: leave them out, and invoke the new version by its number instead"},
	{"notifications", preference("Type: AllAtOnce, TriggerConfigurations: [a]"), "7: TriggerConfigurations: this runner has no notifications: leave them out; faas deploy prints each step"},
	{"a preference without alias", property("DeploymentPreference: {Type: AllAtOnce}"), "6: DeploymentPreference has nothing to apply to: give the function an AutoPublishAlias"},
	{"retries", property("EventInvokeConfig: {MaximumRetryAttempts: 3}"), `6: MaximumRetryAttempts must be a whole number from 0 to 2, not "3"`},
	{"age", property("EventInvokeConfig: {MaximumEventAgeInSeconds: 59}"), `6: MaximumEventAgeInSeconds must be a whole number from 60 to 21600, not "59"`},
	{"a destination by name", property("EventInvokeConfig: {DestinationConfig: {OnFailure: {Destination: !Ref Hello}}}"), `6: Destination is "Hello": write the ARN of a function or a queue, as in !GetAtt Hello.Arn`},
	{"a destination elsewhere", property("EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: EventBridge}}}"), `6: OnFailure goes to "EventBridge", which this runner does not have: use Lambda or SQS`},
	{"a destination of another type", property("EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Hello.Arn}}}"), `6: Destination is "arn:aws:lambda:us-east-1:000000000000:function:Hello", and its Type is another: correct one of them`},
	{"no destination", property("EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS}}}"), "6: OnFailure has no Destination: write the ARN of a function or a queue, as in !GetAtt Hello.Arn"},
	{"half a dead letter", property("DeadLetterQueue: {Type: SQS}"), "6: DeadLetterQueue must have Type: SQS, and a TargetArn that is a queue's, as in !GetAtt Dead.Arn"},
	{"a dead letter to a topic", property("DeadLetterQueue: {Type: SNS, TargetArn: \"arn:aws:sns:us-east-1:000000000000:a\"}"), "6: DeadLetterQueue must have Type: SQS, and a TargetArn that is a queue's, as in !GetAtt Dead.Arn"},
	{"a dead letter to a function", property("DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Hello.Arn}"), "6: DeadLetterQueue must have Type: SQS, and a TargetArn that is a queue's, as in !GetAtt Dead.Arn"},
	{"a page's methods", property("FunctionUrlConfig: {AuthType: NONE, Cors: {AllowMethods: [get]}}"), "6: AllowMethods must be *, GET, HEAD, POST, PUT, PATCH or DELETE, not \"get\" (did you mean GET?)"},
	{"a page's sites", property("FunctionUrlConfig: {AuthType: NONE, Cors: {AllowOrigins: ['https://a.example, https://b.example']}}"), `6: AllowOrigins has "https://a.example, https://b.example": write from 1 to 253 characters, without spaces and commas`},
	{"too many headers", property("FunctionUrlConfig: {AuthType: NONE, Cors: {AllowHeaders: [" + strings.Repeat("a,", 101) + "]}}"), "6: AllowHeaders has 101 entries: write at most 100"},
	{"a page's day", property("FunctionUrlConfig: {AuthType: NONE, Cors: {MaxAge: 86401}}"), "6: MaxAge must be a whole number from 0 to 86400, not \"86401\""},
	{"a mode of a URL", property("FunctionUrlConfig: {AuthType: NONE, InvokeMode: STREAM}"), "6: InvokeMode must be BUFFERED or RESPONSE_STREAM, not \"STREAM\""},
	{"a URL without auth", property("FunctionUrlConfig: {InvokeMode: BUFFERED}"), "6: FunctionUrlConfig has no AuthType: write NONE or AWS_IAM"},
	{"an event", property("Events:\n  E:\n    Type: Schedule\n    Properties: {Schedule: rate(1 hour)}"), "7: the event E: this runner has no schedules yet: leave the event out, and invoke the function from one that you have"},
	{"a route", property("Events: {E: {Type: HttpApi}}"), "6: the event E: this runner serves no HTTP routes yet: leave it out, and give the function a FunctionUrlConfig"},
	{"an event of AWS", property("Events: {E: {Type: S3}}"), "6: the event E: this runner has no such event: leave it out"},
	{"an event's name", property("Events: {E: {Type: Httpapi}}"), `6: there is no event of type "Httpapi" (did you mean HttpApi?): correct it`},
	{"an event without type", property("Events: {E: {}}"), "6: the event E has no Type: write one"},

	// What it may do.
	{"a policy of AWS", property("Policies: AmazonS3FullAccess"), `6: the policy "AmazonS3FullAccess" has no meaning here: a function may invoke others, by LambdaInvokePolicy: {FunctionName: …}`},
	{"a policy's name", property("Policies: [{LambdaInvokePolicie: {}}]"), `6: the policy "LambdaInvokePolicie" (did you mean LambdaInvokePolicy?) has no meaning here: a function may invoke others, by LambdaInvokePolicy: {FunctionName: …}`},
	{"a policy by ARN", property("Policies: [LambdaInvokePolicy: {FunctionName: !GetAtt Hello.Arn}]"), `6: FunctionName is "arn:aws:lambda:us-east-1:000000000000:function:Hello": write the name of a function, as in !Ref Hello`},
	{"a policy for workflows", property("Policies: [StepFunctionsExecutionPolicy: {StateMachineName: a}]"), "6: StepFunctionsExecutionPolicy: this runner runs no workflows yet: leave it out"},
	{"another action", property("Policies:\n  - Statement:\n      - Effect: Allow\n        Action: [s3:GetObject]\n        Resource: !GetAtt Hello.Arn"), `9: the action "s3:GetObject" has no meaning here: a function may be allowed lambda:InvokeFunction alone`},
	{"everything", property("Policies: [Statement: {Effect: Allow, Action: lambda:InvokeFunction, Resource: \"*\"}]"), `6: Resource is "*": name each function, as in !GetAtt Hello.Arn or !Sub "${Hello.Arn}:*"`},
	{"a denial", property("Policies: [Statement: {Effect: Deny, Action: lambda:InvokeFunction, Resource: !GetAtt Hello.Arn}]"), `6: Effect must be Allow, not "Deny"`},
	{"half a statement", property("Policies: [Statement: {Effect: Allow}]"), "6: the statement has no Action: write one\n6: the statement has no Resource: write one"},

	// The runner's own.
	{"isolation", after("    Metadata: {Runner: {Isolation: strikt}}"), `7: Isolation must be none, basic, standard or strict, not "strikt" (did you mean strict?)`},
	{"a port", after("    Metadata: {Runner: {Connect: [65536]}}"), `7: Connect must be a whole number from 1 to 65535, not "65536"`},
	{"a duration", after("    Metadata: {Runner: {KeepAlive: 5}}"), `7: KeepAlive is "5": write a duration such as 90s or 5m`},
	{"slots", after("    Metadata: {Runner: {MaxConcurrency: 0}}"), `7: MaxConcurrency must be a whole number from 1 to 1000, not "0"`},
	{"a setting's name", after("    Metadata: {Runner: {Keepalive: 5m}}"), `7: Runner has no property "Keepalive" (did you mean KeepAlive?): correct its name or leave it out`},
	{"another build", after("    Metadata: {BuildMethod: makefile}"), `7: BuildMethod is "makefile": write go1.x or, when CodeUri holds a bootstrap, leave it out; for any other run sam build and deploy the template that it leaves`},
	{"another handler for go1.x", property("Handler: main") + "    Metadata: {BuildMethod: go1.x}", `6: Handler is "main": what BuildMethod go1.x builds must be named bootstrap`},

	// References.
	{"a reference's name", property("Description: !Ref Helo"), `6: there is no parameter and no resource "Helo" (did you mean Hello?): correct the name or add it`},
	{"an attribute", property("Description: !GetAtt Hello.Name"), `6: Hello has no attribute "Name" here: it has Arn`},
	{"no attribute", property("Description: !GetAtt Hello"), "6: Fn::GetAtt must have a resource and an attribute, as in !GetAtt Hello.Arn"},
	{"a role's attribute", after("Outputs: {R: {Value: !GetAtt HelloRole.Arn}}"), "7: this runner has no roles: leave HelloRole.Arn out"},
	{"a version", property("Description: !Ref Hello.Version"), "6: Hello.Version is known only when the function is deployed: refer to Hello or Hello.Alias"},
	{"an alias that is not", property("Description: !Sub \"${Hello.Alias}\""), "6: Hello has no alias: give it AutoPublishAlias"},
	{"an address before it is known", property("Description: !GetAtt HelloUrl.FunctionUrl\nFunctionUrlConfig: {AuthType: NONE}"), "6: the address of a function is known only when it is deployed: use HelloUrl.FunctionUrl under Outputs alone"},
	{"an address that is not", after("Outputs: {U: {Value: !GetAtt HelloUrl.FunctionUrl}}"), `7: there is no parameter and no resource "HelloUrl": correct the name or add it`},
	{"a name of itself", property("FunctionName: !Sub \"${Hello}\""), "6: the FunctionName of Hello is made of itself: write it out"},
	{"an open ${", property("Description: !Sub \"${Hello\""), "6: in Fn::Sub a ${ is not closed: write } after the name"},
	{"a list for Ref", property("Description: !Ref [a]"), "6: Ref must have the name of a parameter or a resource, not a list"},
	{"a list for Sub", property("Description: !Sub [a]"), "6: Fn::Sub must have a text, or a list of a text and a mapping of values"},
	{"Join", property("Description: !Join [a, [b]]"), `6: this runner does not work out "Fn::Join": write its value, or use Ref, Fn::GetAtt or Fn::Sub`},
	{"If, in full", property("Timeout: {\"Fn::If\": [a, b, c]}"), `6: this runner does not work out "Fn::If": write its value, or use Ref, Fn::GetAtt or Fn::Sub`},
	{"no value in a text", property("Description: !Sub \"${AWS::NoValue}\""), "6: AWS::NoValue can stand only for a whole property: leave the property out"},

	// Parameters, Globals and Outputs.
	{"a parameter without value", parameter1("    Type: String"), "8: the parameter P has no Default: give it a value"},
	{"a parameter without type", parameter1("    Default: a"), "8: the parameter P has no Type: write Type: String"},
	{"a parameter's type", parameter1("    Type: AWS::EC2::VPC::Id\n    Default: a"), `9: this runner has no parameters of type "AWS::EC2::VPC::Id": use String, Number, List<Number> or CommaDelimitedList`},
	{"a default that is not allowed", parameter1("    {Type: String, Default: c, AllowedValues: [a, b]}"), `8: the parameter P is "c" and must be a or b: give it another value`},
	{"a number that is none", parameter1("    {Type: List<Number>, Default: \"1,b\"}"), `8: the parameter P is "1,b" and must be a number: give it another value`},
	{"a pattern", parameter1("    {Type: String, Default: b1, AllowedPattern: \"[a-z]+\", ConstraintDescription: letters}"), `8: the parameter P is "b1" and must match AllowedPattern (letters): give it another value`},
	{"a secret", parameter1("    {Type: String, Default: ab, MinLength: 3, NoEcho: true}"), "8: the parameter P must have at least 3 characters: give it another value"},
	{"a large number", parameter1("    {Type: Number, Default: 5, MaxValue: 4.5}"), `8: the parameter P is "5" and must be at most 4.5: give it another value`},
	{"a pattern that is none", parameter1("    {Type: String, Default: a, AllowedPattern: \"(\"}"), "9: AllowedPattern must be a regular expression as Go's regexp reads it: error parsing regexp: missing closing ): `^(?:()$`"},
	{"a parameter's property", parameter1("    {Type: String, Defalt: a, Default: b}"), `9: P has no property "Defalt" (did you mean Default?): correct its name or leave it out`},
	{"a global that SAM refuses", after("Globals: {Function: {Policies: []}}"), "7: SAM does not take Policies from Globals: write it in each function"},
	{"a global's name", after("Globals: {Function: {TimeOuts: 3}}"), `7: a function has no property "TimeOuts" (did you mean Timeout?): correct its name or leave it out`},
	{"a global's value", after("Globals: {Function: {Timeout: 0}}\n") + "  ", `7: Timeout must be a whole number from 1 to 900, not "0"`},
	{"globals of others", after("Globals: {Api: {}}"), "7: Api: this runner has functions and queues alone: leave it out"},
	{"an output without value", after("Outputs: {A: {Description: b}}"), "7: the output A has no Value: write one"},
	{"an output's condition", after("Outputs: {A: {Value: b, Condition: c}}"), "7: Condition: this runner has no conditions: leave it out, or the output"},
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for _, test := range complained {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse("t.yaml", []byte(test.text), nil)
			got := "nothing"
			if err != nil {
				got = strings.ReplaceAll(err.Error(), "t.yaml:", "")
			}
			if diff := cmp.Diff(strings.Split(test.want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("of\n%s\n(-want +got):\n%s", test.text, diff)
			}
		})
	}
}

// many are so many resources.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  A%d: {}\n", i)
	}
	return b.String()
}

func TestWhatIsGivenIsChecked(t *testing.T) {
	text := []byte(parameter1("    {Type: Number, MinValue: 1}"))
	tests := []struct {
		given map[string]string
		want  string
	}{
		{map[string]string{"P": "0"}, `t.yaml:8: the parameter P is "0" and must be at least 1: give it another value`},
		{map[string]string{"P": "1", "Q": "2"}, `t.yaml:7: a value is given for "Q", and the template has no such parameter: leave it out or correct its name`},
		{map[string]string{"P": "1\x00"}, `t.yaml:8: the parameter P is "1\x00" and must be a number: give it another value`},
	}
	for _, test := range tests {
		if _, err := parse("t.yaml", text, test.given); err == nil || err.Error() != test.want {
			t.Errorf("given %q, the error is %v, want %s", test.given, err, test.want)
		}
	}
}

func TestComplaintsAreInTheOrderOfLines(t *testing.T) {
	text := after("Outputs: {A: {}}\nParameters: {P: {Type: String}}\nGlobals: {Function: {Timeout: 0}}")
	text = strings.Replace(text, "Runtime: provided.al2023", "Runtime: x", 1)
	_, err := parse("t.yaml", []byte(text), nil)
	var all Complaints
	if !errors.As(err, &all) {
		t.Fatalf("the error is %v", err)
	}
	var lines []int
	for _, c := range all {
		lines = append(lines, c.Line)
	}
	if diff := cmp.Diff([]int{6, 7, 8, 9}, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestAliasesOfAliasesAreRefused(t *testing.T) {
	var b strings.Builder
	b.WriteString(head + "Metadata:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "  a%d: &a%[1]d [%s*a%d]\n", i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	for name, text := range map[string]string{
		"a billion":  b.String(),
		"of itself":  head + "Metadata: &a [*a]\n",
		"of a name":  head + "Metadata: &a {*a : b}\n",
		"many items": head + "Metadata: [" + strings.Repeat("x,", 200_000) + "]\n",
		"deep":       head + "Metadata: " + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "\n",
	} {
		if _, err := parse("t.yaml", []byte(text), nil); err == nil {
			t.Errorf("%s: it was accepted", name)
		}
	}
	if _, err := parse("t.yaml", make([]byte, maxSize+1), nil); err == nil || !strings.Contains(err.Error(), "larger than 1048576 bytes") {
		t.Errorf("a large template: the error is %.200v", err)
	}
}

func TestATemplateThatIsNotThere(t *testing.T) {
	_, err := Load("testdata/no.yaml", nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "read template: open testdata/no.yaml: ") {
		t.Errorf("the error is %v", err)
	}
}
