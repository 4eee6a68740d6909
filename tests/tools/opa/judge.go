package main

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

// Which rules conftest asks.
var asked = regexp.MustCompile(`^(deny|violation|warn)(_[a-zA-Z0-9]+)*$`)

// judge loads the modules and asks them about every input.
func judge(question question) reply {
	modules := map[string]*ast.Module{}
	for index, text := range question.Modules {
		module, err := parse(fmt.Sprintf("m%d.rego", index), text)
		if err != nil {
			return reply{Refused: err.Error()}
		}
		modules[fmt.Sprintf("m%d.rego", index)] = module
	}
	compiler := ast.NewCompiler().WithEnablePrintStatements(true)
	if compiler.Compile(modules); compiler.Failed() {
		return reply{Refused: compiler.Errors.Error()}
	}
	data := question.Data
	if data == nil {
		data = map[string]any{}
	}
	store := inmem.NewFromObject(data)
	given := reply{Answers: []answer{}}
	for _, text := range question.Inputs {
		given.Answers = append(given.Answers, about(compiler, modules, store, text))
	}
	return given
}

// parse reads the newer syntax, and where that is not what is written, the older.
func parse(name, text string) (*ast.Module, error) {
	module, newer := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if newer == nil {
		return module, nil
	}
	module, older := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: ast.RegoV0})
	if older != nil {
		return nil, newer
	}
	return module, nil
}

func about(compiler *ast.Compiler, modules map[string]*ast.Module, store storage.Store, text []byte) answer {
	var input any
	decoder := util.NewJSONDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&input); err != nil {
		return answer{Failed: err.Error()}
	}
	value, err := ast.InterfaceToValue(input)
	if err != nil {
		return answer{Failed: err.Error()}
	}
	given := answer{Said: []string{}, Excepted: []string{}}
	done := map[string]bool{}
	for _, module := range modules {
		path := module.Package.Path.String()
		for _, rule := range module.Rules {
			name := rule.Head.Name.String()
			query := path + "." + name
			if !asked.MatchString(name) || done[query] {
				continue
			}
			done[query] = true
			if err := ask(compiler, store, value, path, name, &given); err != nil {
				return answer{Failed: err.Error()}
			}
		}
	}
	slices.Sort(given.Said)
	slices.Sort(given.Excepted)
	given.Said, given.Excepted = slices.Compact(given.Said), slices.Compact(given.Excepted)
	return given
}

// ask adds what one rule says.
func ask(compiler *ast.Compiler, store storage.Store, input ast.Value, path, name string, given *answer) error {
	_, own, _ := strings.Cut(name, "_")
	exceptions, err := evaluate(compiler, store, input, fmt.Sprintf("%s.exception[_][_] == %q", path, own))
	if err != nil {
		return err
	}
	values, err := evaluate(compiler, store, input, path+"."+name)
	if err != nil {
		return err
	}
	into := &given.Said
	for _, value := range exceptions {
		if value == true {
			into = &given.Excepted
		}
	}
	for _, value := range values {
		// Whatever is no list counts as passed.
		items, _ := value.([]any)
		for _, item := range items {
			switch item := item.(type) {
			case string:
				*into = append(*into, name+": "+item)
			case map[string]any:
				message, ok := item["msg"].(string)
				if !ok {
					return fmt.Errorf("%s: no text called msg", name)
				}
				*into = append(*into, name+": "+message)
			}
		}
	}
	return nil
}

func evaluate(compiler *ast.Compiler, store storage.Store, input ast.Value, query string) ([]any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	results, err := rego.New(
		rego.ParsedInput(input), rego.Query(query), rego.Compiler(compiler), rego.Store(store),
	).Eval(ctx)
	if err != nil {
		return nil, err
	}
	values := []any{}
	for _, result := range results {
		for _, expression := range result.Expressions {
			values = append(values, expression.Value)
		}
	}
	return values, nil
}
