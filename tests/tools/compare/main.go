// Compare renders every unit that a review's report names, by itself and on two exported trees, and says which objects
// were created, updated and deleted. It is what the tests measure a review by, so it shares nothing with it but the
// documented form of the report, and knows nothing of read-sets, sandboxes, caches, risks or seals.
//
//	compare -base DIR -head DIR [-kustomize PROGRAM] [-helm PROGRAM] <report.json >comparison.json
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
)

// Report is the part of `countersign.report/v1` that says what there is to render.
type Report struct {
	Environments []struct {
		Name  string `json:"name"`
		Units []Unit `json:"units"`
	} `json:"environments"`
}

// Unit is one thing that is rendered as a whole. The inputs of a side on which it does not exist are null.
type Unit struct {
	Name     string `json:"name"`
	Path     string `json:"path"`
	Renderer string `json:"renderer"`
	Inputs   struct {
		Base *Inputs `json:"base"`
		Head *Inputs `json:"head"`
	} `json:"inputs"`
}

// Inputs is what the renderer is given beside the unit's path.
type Inputs struct {
	Files     []string `json:"files"`
	Values    []string `json:"values"`
	Release   string   `json:"release"`
	Namespace string   `json:"namespace"`
}

// Outcome is one side of a unit: "rendered", "failed" or "absent".
type Outcome struct {
	State   string `json:"state"`
	Error   string `json:"error,omitempty"`
	Objects int    `json:"objects"`
}

// Compared is a unit with what became of its objects. Where a side failed there are none.
type Compared struct {
	Environment string   `json:"environment"`
	Unit        string   `json:"unit"`
	Base        Outcome  `json:"base"`
	Head        Outcome  `json:"head"`
	Created     []Object `json:"created"`
	Updated     []Object `json:"updated"`
	Deleted     []Object `json:"deleted"`
}

func main() {
	base := flag.String("base", "", "the exported tree of the base")
	head := flag.String("head", "", "the exported tree of the head")
	kustomize := flag.String("kustomize", "kustomize", "kustomize, or a kubectl that stands in for it")
	helm := flag.String("helm", "helm", "helm")
	flag.Parse()
	renderer := Renderer{Kustomize: *kustomize, Helm: *helm}
	if err := run(renderer, *base, *head, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(renderer Renderer, base, head string, in io.Reader, out io.Writer) error {
	var report Report
	if err := json.NewDecoder(in).Decode(&report); err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	var all []*Compared
	var work sync.WaitGroup
	slots := make(chan struct{}, runtime.NumCPU())
	for _, environment := range report.Environments {
		for _, unit := range environment.Units {
			compared := &Compared{Environment: environment.Name, Unit: unit.Name}
			all = append(all, compared)
			work.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				before, outcome := renderer.Side(base, unit, unit.Inputs.Base)
				compared.Base = outcome
				after, outcome := renderer.Side(head, unit, unit.Inputs.Head)
				compared.Head = outcome
				if compared.Base.State != "failed" && compared.Head.State != "failed" {
					compared.Created, compared.Updated, compared.Deleted = compare(before, after)
				}
			})
		}
	}
	work.Wait()
	printer := json.NewEncoder(out)
	printer.SetIndent("", " ")
	return printer.Encode(all)
}
