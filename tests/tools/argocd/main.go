// The parts of Argo CD that apply what a repository says: the application controller and the repository server, by the
// name that this program is called by.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/argoproj/argo-cd/v2/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v2/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
)

var parts = map[string]func() *cobra.Command{
	"argocd-application-controller": commands.NewCommand,
	"argocd-repo-server":            reposerver.NewCommand,
}

func main() {
	part, known := parts[filepath.Base(os.Args[0])]
	if !known {
		fmt.Fprintln(os.Stderr, "call it argocd-application-controller or argocd-repo-server")
		os.Exit(2)
	}
	if err := part().Execute(); err != nil {
		os.Exit(1)
	}
}
