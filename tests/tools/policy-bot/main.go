// Answers what policy-bot would, with its own packages, for the test that holds the reading of its policies to it.
//
// Reads one JSON object a line and answers each with a line:
//
//	{"policy": TEXT, "change": CHANGE}      {"refused": WHY} or {"outcome": OUTCOME}
//	{"expression": TEXT, "texts": [TEXT]}   {"refused": WHY} or {"matches": [BOOL]}
//	{"glob": TEXT, "texts": [TEXT]}         {"refused": WHY} or {"matches": [BOOL]}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/palantir/policy-bot/policy"
	"github.com/palantir/policy-bot/policy/common"
	"gopkg.in/yaml.v2"
)

type question struct {
	Policy     *string  `json:"policy"`
	Change     *change  `json:"change"`
	Expression *string  `json:"expression"`
	Glob       *string  `json:"glob"`
	Texts      []string `json:"texts"`
}

type answer struct {
	Refused string   `json:"refused,omitempty"`
	Outcome *outcome `json:"outcome,omitempty"`
	Matches []bool   `json:"matches,omitempty"`
}

type outcome struct {
	Name       string      `json:"name"`
	Status     string      `json:"status"`
	Error      string      `json:"error,omitempty"`
	Why        string      `json:"why"`
	Approvers  []string    `json:"approvers,omitempty"`
	Dismissed  []dismissed `json:"dismissed,omitempty"`
	Conditions []bool      `json:"conditions,omitempty"`
	Children   []*outcome  `json:"children,omitempty"`
}

type dismissed struct {
	User   string `json:"user"`
	Reason string `json:"reason"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fail(err)
		}
		if err := out.Encode(reply(asked)); err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// reply answers one question. What makes policy-bot fall over, it refuses.
func reply(asked question) (given answer) {
	defer func() {
		if fell := recover(); fell != nil {
			given = answer{Refused: fmt.Sprintf("panic: %v", fell)}
		}
	}()
	switch {
	case asked.Expression != nil:
		pattern, err := common.NewRegexp(*asked.Expression)
		if err != nil {
			return answer{Refused: err.Error()}
		}
		for _, text := range asked.Texts {
			given.Matches = append(given.Matches, pattern.Matches(text))
		}
	case asked.Glob != nil:
		if !doublestar.ValidatePattern(*asked.Glob) {
			return answer{Refused: "malformed"}
		}
		for _, text := range asked.Texts {
			given.Matches = append(given.Matches, common.Glob(*asked.Glob).Matches(text))
		}
	default:
		return judge(*asked.Policy, asked.Change)
	}
	return given
}

func judge(text string, change *change) answer {
	var config policy.Config
	if err := yaml.UnmarshalStrict([]byte(text), &config); err != nil {
		return answer{Refused: err.Error()}
	}
	evaluator, err := policy.ParsePolicy(&config, nil)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	result := evaluator.Evaluate(context.Background(), change.context())
	return answer{Outcome: tell(&result)}
}

func tell(result *common.Result) *outcome {
	told := &outcome{Name: result.Name, Status: result.Status.String(), Why: result.StatusDescription}
	if result.Error != nil {
		told.Error = result.Error.Error()
	}
	for _, approver := range result.Requires.Approvers {
		told.Approvers = append(told.Approvers, approver.User)
	}
	for _, one := range result.Dismissals {
		reason := "pushed"
		if one.Reason == "Comment was edited" {
			reason = "edited"
		}
		told.Dismissed = append(told.Dismissed, dismissed{User: one.Candidate.User, Reason: reason})
	}
	for _, condition := range result.Requires.Conditions {
		told.Conditions = append(told.Conditions, condition.Satisfied)
	}
	for _, child := range result.Children {
		told.Children = append(told.Children, tell(child))
	}
	return told
}
