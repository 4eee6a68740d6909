package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/test/cases"
)

// printCases writes each case of OPA's own tests as a question: beside its modules one with a `deny` that says as JSON
// what the query of the case gives.
func printCases() error {
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for _, version := range []string{"v0", "v1"} {
		set, err := cases.Load(filepath.Join(root, "v1", "test", "cases", "testdata", version))
		if err != nil {
			return err
		}
		for _, one := range set.Sorted().Cases {
			if next, ok := asQuestion(one); ok {
				next.Note = version + " " + one.Note
				if err := encoder.Encode(next); err != nil {
					return err
				}
			}
		}
	}
	return out.Flush()
}

func asQuestion(one cases.TestCase) (question, bool) {
	body, err := ast.ParseBody(one.Query)
	if err != nil || one.InputTerm != nil || len(one.Env) > 0 {
		return question{}, false
	}
	var said []string
	if len(body) == 1 && body[0].IsEquality() {
		vars := body.Vars(ast.VarVisitorParams{SkipRefHead: true})
		for name := range vars {
			if !strings.HasPrefix(string(name), "_") && !strings.HasPrefix(string(name), "$") {
				said = append(said, `"`+string(name)+`": `+string(name))
			}
		}
		slices.Sort(said)
	}
	query := one.Query
	if len(said) == 0 {
		if len(body) != 1 || body[0].IsEquality() {
			said = []string{`"holds": true`}
		} else {
			said, query = []string{`"x": x`}, "x = "+one.Query
		}
	}
	probe := "package countersign_probe\nimport rego.v1\ndeny contains message if {\n\t" + query +
		"\n\tmessage := json.marshal({" + strings.Join(said, ", ") + "})\n}\n"
	next := question{Modules: append(slices.Clone(one.Modules), probe), Inputs: []json.RawMessage{[]byte("null")}}
	if one.Input != nil {
		text, err := json.Marshal(*one.Input)
		if err != nil {
			return question{}, false
		}
		next.Inputs = []json.RawMessage{text}
	}
	if one.Data != nil {
		next.Data = *one.Data
	}
	return next, true
}
