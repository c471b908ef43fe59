// ottlengine answers what the collector's OTTL engine takes: it runs conditions over one span, and compiles statements.
//
// Each line of standard input is a JSON object: the span first, as the base64 of an ExportTraceServiceRequest, then one
// object for each measurement. Each line of standard output is the nanoseconds that one round of the last one took.
//
//	{"request": "CqQ..."}
//	{"conditions": ["attributes[\"k\"] == \"v\""], "millis": 50}
//	{"statements": ["set(attributes[\"k\"], 1)"], "millis": 50}
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A look at the clock is worth this many rounds.
const roundsBetweenLooks = 100

const maxLineBytes = 1 << 20

type line struct {
	Request    string   `json:"request"`
	Conditions []string `json:"conditions"`
	Statements []string `json:"statements"`
	Millis     int      `json:"millis"`
}

type engine struct {
	parser     ottl.Parser[*ottlspan.TransformContext]
	span       *ottlspan.TransformContext
	conditions map[string][]*ottl.Condition[*ottlspan.TransformContext]
}

func newEngine() (*engine, error) {
	parser, err := ottlspan.NewParser(
		ottlfuncs.StandardFuncs[*ottlspan.TransformContext](),
		componenttest.NewNopTelemetrySettings(),
	)
	if err != nil {
		return nil, err
	}
	return &engine{parser: parser, conditions: map[string][]*ottl.Condition[*ottlspan.TransformContext]{}}, nil
}

// read takes the first span of a request.
func (e *engine) read(request string) error {
	body, err := base64.StdEncoding.DecodeString(request)
	if err != nil {
		return err
	}
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
	if err != nil {
		return err
	}
	resource := traces.ResourceSpans().At(0)
	scope := resource.ScopeSpans().At(0)
	e.span = ottlspan.NewTransformContextPtr(resource, scope, scope.Spans().At(0))
	return nil
}

// test times conditions, all of them in each round.
func (e *engine) test(texts []string, length time.Duration) (float64, error) {
	key := strings.Join(texts, "\n")
	conditions, isKnown := e.conditions[key]
	if !isKnown {
		var err error
		if conditions, err = e.parser.ParseConditions(texts); err != nil {
			return 0, err
		}
		e.conditions[key] = conditions
	}
	ctx := context.Background()
	var failed error
	nanos := timed(length, func() {
		for _, condition := range conditions {
			if _, err := condition.Eval(ctx, e.span); err != nil {
				failed = err
			}
		}
	})
	return nanos, failed
}

// compile times the parsing of statements.
func (e *engine) compile(texts []string, length time.Duration) (float64, error) {
	var failed error
	nanos := timed(length, func() {
		if _, err := e.parser.ParseStatements(texts); err != nil {
			failed = err
		}
	})
	return nanos, failed
}

func timed(length time.Duration, round func()) float64 {
	begin := time.Now()
	rounds := 0
	for time.Since(begin) < length {
		for i := 0; i < roundsBetweenLooks; i++ {
			round()
		}
		rounds += roundsBetweenLooks
	}
	return float64(time.Since(begin).Nanoseconds()) / float64(rounds)
}

func (e *engine) answer(text []byte) error {
	var asked line
	if err := json.Unmarshal(text, &asked); err != nil {
		return err
	}
	if asked.Request != "" {
		return e.read(asked.Request)
	}
	measure, texts := e.test, asked.Conditions
	if len(asked.Statements) > 0 {
		measure, texts = e.compile, asked.Statements
	}
	nanos, err := measure(texts, time.Duration(asked.Millis)*time.Millisecond)
	if err == nil {
		fmt.Printf("%.2f\n", nanos)
	}
	return err
}

func run() error {
	e, err := newEngine()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLineBytes)
	for lines.Scan() {
		if err := e.answer(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ottlengine:", err)
		os.Exit(1)
	}
}
