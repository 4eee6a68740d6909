// Judges pods by the Pod Security Standards as the API server's own admission does, for the test that holds the shipped
// pack to them. Reads one JSON object a line, `{"level", "version", "pod"}`, and answers each with a line: the reasons
// of the controls that fail, sorted, as a JSON list.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type question struct {
	Level   api.Level  `json:"level"`
	Version string     `json:"version"`
	Pod     corev1.Pod `json:"pod"`
}

func main() {
	if err := answer(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer() error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		version, err := api.ParseVersion(asked.Version)
		if err != nil {
			return err
		}
		failing := []string{}
		level := api.LevelVersion{Level: asked.Level, Version: version}
		for _, result := range evaluator.EvaluatePod(level, &asked.Pod.ObjectMeta, &asked.Pod.Spec) {
			if !result.Allowed {
				failing = append(failing, result.ForbiddenReason)
			}
		}
		sort.Strings(failing)
		if err := json.NewEncoder(out).Encode(failing); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return out.Flush()
}
