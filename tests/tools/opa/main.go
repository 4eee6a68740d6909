// Answers what conftest would, with the engine that conftest has, for the test that holds Rego checks to it.
//
// Reads one JSON object a line, `{"modules": [TEXT], "inputs": [JSON], "data": {}}`, and answers each with a line:
// `{"refused": WHY}`, or `{"answers": [{"said": ["deny: MESSAGE"], "excepted": […]} or {"failed": WHY}]}`, one for each
// input. `opa cases` instead prints OPA's own cases, each as such a question with a `note` and the name of its `query`.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
)

// root is where the sources of OPA are; the build says.
var root string

type question struct {
	Note    string            `json:"note,omitempty"`
	Modules []string          `json:"modules"`
	Inputs  []json.RawMessage `json:"inputs"`
	Data    map[string]any    `json:"data,omitempty"`
}

type answer struct {
	Said     []string `json:"said,omitempty"`
	Excepted []string `json:"excepted,omitempty"`
	Failed   string   `json:"failed,omitempty"`
}

type reply struct {
	Refused string   `json:"refused,omitempty"`
	Answers []answer `json:"answers,omitempty"`
}

func main() {
	run := replies
	if len(os.Args) > 1 && os.Args[1] == "cases" {
		run = printCases
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func replies() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	var asked []question
	for lines.Scan() {
		var next question
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			return err
		}
		asked = append(asked, next)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	given := make([]reply, len(asked))
	var workers sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for index := range next {
				given[index] = judge(asked[index])
			}
		})
	}
	for index := range asked {
		next <- index
	}
	close(next)
	workers.Wait()
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for _, one := range given {
		if err := encoder.Encode(one); err != nil {
			return err
		}
	}
	return out.Flush()
}
