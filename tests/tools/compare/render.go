package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Renderer is the programs that render.
type Renderer struct {
	Kustomize string
	Helm      string
}

// Side renders one side of a unit.
func (r Renderer) Side(tree string, unit Unit, inputs *Inputs) ([]Manifest, Outcome) {
	if inputs == nil {
		return nil, Outcome{State: "absent"}
	}
	manifests, err := r.render(tree, unit, inputs)
	if err != nil {
		return nil, Outcome{State: "failed", Error: err.Error()}
	}
	return manifests, Outcome{State: "rendered", Objects: len(manifests)}
}

func (r Renderer) render(tree string, unit Unit, inputs *Inputs) ([]Manifest, error) {
	switch unit.Renderer {
	case "yaml":
		return readAll(tree, inputs.Files)
	case "kustomize":
		command := "build"
		if filepath.Base(r.Kustomize) == "kubectl" {
			command = "kustomize"
		}
		text, err := start(tree, r.Kustomize, command, "--load-restrictor", "LoadRestrictionsNone", "./"+unit.Path)
		if err != nil {
			return nil, err
		}
		return parse(text)
	case "helm":
		args := []string{"template", inputs.Release, "./" + unit.Path, "--namespace", inputs.Namespace}
		args = append(args, "--include-crds", "--skip-tests")
		for _, values := range inputs.Values {
			args = append(args, "--values", values)
		}
		text, err := start(tree, r.Helm, args...)
		if err != nil {
			return nil, err
		}
		return parse(text)
	}
	return nil, fmt.Errorf("renderer %q is not known here", unit.Renderer)
}

func readAll(tree string, files []string) ([]Manifest, error) {
	var all []Manifest
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(tree, file))
		if err != nil {
			return nil, err
		}
		manifests, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, manifests...)
	}
	return all, nil
}

// start runs a program in the tree, where nothing is to be had from the network.
func start(tree, program string, args ...string) ([]byte, error) {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	home, err := os.MkdirTemp("", "compare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(home)
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = tree
	nowhere := "http://127.0.0.1:1"
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "GIT_ALLOW_PROTOCOL=none",
		"HTTP_PROXY=" + nowhere, "HTTPS_PROXY=" + nowhere,
	}
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			return nil, fmt.Errorf("%s: %s", filepath.Base(program), strings.TrimSpace(complaint.String()))
		}
		return nil, err
	}
	return out.Bytes(), nil
}
