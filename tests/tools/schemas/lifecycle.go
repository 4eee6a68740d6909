package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// What is known about the life of one kind in one version of the API.
type life struct {
	Group       string       `json:"group"`
	Version     string       `json:"version"`
	Kind        string       `json:"kind"`
	Deprecated  string       `json:"deprecated,omitempty"`
	Removed     string       `json:"removed,omitempty"`
	Replacement *replacement `json:"replacement,omitempty"`
}

type replacement struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

// Facts that no module states: kinds that left the tree before it kept such records, and two that the server warns
// about in its own code. An entry without a replacement has none.
var told = []life{
	{Group: "", Version: "v1", Kind: "ComponentStatus", Deprecated: "1.19"},
	{Group: "", Version: "v1", Kind: "Endpoints", Deprecated: "1.33", Replacement: &replacement{"discovery.k8s.io", "v1", "EndpointSlice"}},
	{Group: "auditregistration.k8s.io", Version: "v1alpha1", Kind: "AuditSink", Deprecated: "1.18", Removed: "1.19"},
	{Group: "batch", Version: "v2alpha1", Kind: "CronJob", Deprecated: "1.8", Removed: "1.21", Replacement: &replacement{"batch", "v1", "CronJob"}},
	{Group: "settings.k8s.io", Version: "v1alpha1", Kind: "PodPreset", Deprecated: "1.19", Removed: "1.20"},
}

// groupOf says which group a folder of k8s.io/api stands for; most are named after theirs.
func groupOf(folder string) string {
	switch folder {
	case "core":
		return ""
	case "apps", "autoscaling", "batch", "extensions", "policy":
		return folder
	case "rbac":
		return "rbac.authorization.k8s.io"
	case "flowcontrol":
		return "flowcontrol.apiserver.k8s.io"
	default:
		return folder + ".k8s.io"
	}
}

// lives reads every generated lifecycle file below a folder; its path ends in GROUP/VERSION/FILE.
func lives(root string) map[string]life {
	found := map[string]life{}
	check(filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		check(err)
		if entry.Name() != "zz_generated.prerelease-lifecycle.go" {
			return nil
		}
		version := filepath.Base(filepath.Dir(path))
		group := groupOf(filepath.Base(filepath.Dir(filepath.Dir(path))))
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		check(err)
		for _, declaration := range file.Decls {
			method, ok := declaration.(*ast.FuncDecl)
			if !ok || method.Recv == nil {
				continue
			}
			kind := method.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name
			key := group + "/" + version + "/" + kind
			one := found[key]
			one.Group, one.Version, one.Kind = group, version, kind
			given := method.Body.List[0].(*ast.ReturnStmt).Results
			switch method.Name.Name {
			case "APILifecycleDeprecated":
				one.Deprecated = release(given)
			case "APILifecycleRemoved":
				one.Removed = release(given)
			case "APILifecycleReplacement":
				one.Replacement = kindNamed(given[0].(*ast.CompositeLit))
			}
			found[key] = one
		}
		return nil
	}))
	return found
}

func release(parts []ast.Expr) string {
	number := func(part ast.Expr) string { return part.(*ast.BasicLit).Value }
	return number(parts[0]) + "." + number(parts[1])
}

func kindNamed(literal *ast.CompositeLit) *replacement {
	field := map[string]string{}
	for _, element := range literal.Elts {
		pair := element.(*ast.KeyValueExpr)
		text, err := strconv.Unquote(pair.Value.(*ast.BasicLit).Value)
		check(err)
		field[pair.Key.(*ast.Ident).Name] = text
	}
	return &replacement{field["Group"], field["Version"], field["Kind"]}
}

// writeRemoved merges what modules say, the newest last, and writes the table. `served` is what the newest version has:
// nothing else is told as a replacement.
func writeRemoved(file string, modules []string, served map[kind]string) {
	all := map[string]life{}
	for _, one := range told {
		all[one.Group+"/"+one.Version+"/"+one.Kind] = one
	}
	for _, root := range modules {
		for key, one := range lives(root) {
			// A module that says nothing of an end takes nothing back.
			if ends := one.Deprecated != "" || one.Removed != ""; ends || all[key].Kind == "" {
				all[key] = one
			}
		}
	}
	var rows []life
	for _, one := range all {
		isList := strings.HasSuffix(one.Kind, "List")
		one.Replacement = settled(one, all, served)
		if !isList && (one.Deprecated != "" || one.Removed != "") {
			rows = append(rows, one)
		}
	}
	sort.Slice(rows, func(a, b int) bool {
		return rows[a].Group+"/"+rows[a].Kind+"/"+rows[a].Version < rows[b].Group+"/"+rows[b].Kind+"/"+rows[b].Version
	})
	lines := make([]string, len(rows))
	for index, row := range rows {
		text, err := json.Marshal(row)
		check(err)
		lines[index] = string(text)
	}
	text := "{\"removed_apis\":[\n" + strings.Join(lines, ",\n") + "\n]}\n"
	check(os.WriteFile(file, []byte(text), 0o644))
}

// settled follows replacements that are gone by now themselves; without one it is the same kind in a stable version.
func settled(one life, all map[string]life, served map[kind]string) *replacement {
	next := one.Replacement
	for range 4 {
		if next == nil {
			break
		}
		if strings.HasSuffix(next.Kind, "List") && !strings.HasSuffix(one.Kind, "List") {
			next = &replacement{next.Group, next.Version, strings.TrimSuffix(next.Kind, "List")}
		}
		if served[kind{next.Group, next.Version, next.Kind}] != "" {
			return next
		}
		next = all[next.Group+"/"+next.Version+"/"+next.Kind].Replacement
	}
	for _, version := range []string{"v2", "v1"} {
		if version != one.Version && served[kind{one.Group, version, one.Kind}] != "" {
			return &replacement{one.Group, version, one.Kind}
		}
	}
	return nil
}
