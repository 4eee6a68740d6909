// Makes the schemas and the table of removed APIs that Countersign ships from what the modules of Kubernetes say:
//
//	cd tests/tools/schemas && go run . ../../../policies
//
// writes schemas/kubernetes.json (from api/openapi-spec/v3 of k8s.io/kubernetes) and data/removed-apis.json (from the
// lifecycle files of k8s.io/api and two more). To ship another version, change `shipped` and `modules` and run it again:
// the same versions always give the same bytes.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Minor versions whose kinds are described, oldest first.
var shipped = []struct{ minor, module string }{
	{"1.34", "v1.34.5"},
	{"1.35", "v1.35.3"},
	{"1.36", "v1.36.3"},
}

// Who tells since when a kind is deprecated and when it goes. Later ones are believed over earlier ones; the old ones
// still know what has left the tree since.
var modules = []string{
	"k8s.io/api@v0.20.15", "k8s.io/api@v0.22.17", "k8s.io/api@v0.24.17", "k8s.io/api@v0.27.16", "k8s.io/api@v0.30.14",
	"k8s.io/api@v0.32.13", "k8s.io/api@v0.34.5", "k8s.io/api@v0.35.3", "k8s.io/api@v0.36.3",
	"k8s.io/apiextensions-apiserver@v0.36.3", "k8s.io/kube-aggregator@v0.36.3",
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . FOLDER")
		os.Exit(64)
	}
	folder := os.Args[1]
	var roots []string
	for _, module := range modules {
		roots = append(roots, download(module))
	}
	served := writeSchemas(filepath.Join(folder, "schemas", "kubernetes.json"))
	writeRemoved(filepath.Join(folder, "data", "removed-apis.json"), roots, served)
}

// download gives the folder of a module in the module cache.
func download(module string) string {
	command := exec.Command("go", "mod", "download", "-json", module)
	command.Stderr = os.Stderr
	output, err := command.Output()
	var answer struct{ Dir, Error string }
	check(json.Unmarshal(output, &answer))
	if answer.Error != "" {
		err = fmt.Errorf("%s: %s", module, answer.Error)
	}
	check(err)
	return answer.Dir
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
