package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

const prefix = "#/components/schemas/"

// What a reader of manifests needs of a schema; descriptions and what concerns patches are left out.
var kept = map[string]bool{
	"type": true, "format": true, "required": true, "enum": true, "default": true, "$ref": true,
	"x-kubernetes-list-type": true, "x-kubernetes-list-map-keys": true,
	"x-kubernetes-int-or-string": true, "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-embedded-resource": true,
}

// Fields that are listed as required and that the server does not miss: nothing is as good there as what stands for it.
// Tests with a real server found them.
var unenforced = map[string]string{
	"io.k8s.api.core.v1.Sysctl":                      "value",
	"io.k8s.api.core.v1.HTTPHeader":                  "value",
	"io.k8s.api.core.v1.LimitRangeSpec":              "limits",
	"io.k8s.api.core.v1.ISCSIVolumeSource":           "lun",
	"io.k8s.api.core.v1.ISCSIPersistentVolumeSource": "lun",
	"io.k8s.api.storage.v1.CSIDriver":                "spec",
	"io.k8s.api.storage.v1.TokenRequest":             "audience",
	"io.k8s.api.resource.v1.ResourceClaim":           "spec",
	"io.k8s.api.resource.v1beta1.ResourceClaim":      "spec",
	"io.k8s.api.resource.v1beta2.ResourceClaim":      "spec",
	"io.k8s.api.apps.v1.ControllerRevision":          "revision",
}

type kind struct{ Group, Version, Kind string }

type row struct {
	text string
	in   []string
}

// writeSchemas writes every definition that an object's kind reaches, once for all versions in which it reads the same.
// It gives the kinds of the newest.
func writeSchemas(file string) map[kind]string {
	definitions := map[string][]*row{}
	kinds := map[string]*row{}
	var minors []string
	var newest map[kind]string
	for _, version := range shipped {
		minors = append(minors, version.minor)
		named, objects := read(filepath.Join(download("k8s.io/kubernetes@"+version.module), "api", "openapi-spec", "v3"))
		newest = objects
		for object, name := range objects {
			text := encode([]any{object.Group, object.Version, object.Kind, name})
			if kinds[text] == nil {
				kinds[text] = &row{text: text}
			}
			kinds[text].in = append(kinds[text].in, version.minor)
		}
		for name, schema := range reachable(named, objects) {
			text := encode(schema)
			var same *row
			for _, candidate := range definitions[name] {
				if candidate.text == text {
					same = candidate
				}
			}
			if same == nil {
				same = &row{text: text}
				definitions[name] = append(definitions[name], same)
			}
			same.in = append(same.in, version.minor)
		}
	}
	var out bytes.Buffer
	out.WriteString(`{"versions":` + encode(minors) + ",\n\"kinds\":[\n")
	var lines []string
	for text, one := range kinds {
		lines = append(lines, "["+encode(one.in)+","+strings.TrimPrefix(text, "["))
	}
	out.WriteString(sorted(lines) + "\n],\n\"definitions\":[\n")
	lines = nil
	for name, rows := range definitions {
		for _, one := range rows {
			lines = append(lines, "["+encode(name)+","+encode(one.in)+","+one.text+"]")
		}
	}
	out.WriteString(sorted(lines) + "\n]}\n")
	check(os.WriteFile(file, out.Bytes(), 0o644))
	return newest
}

func sorted(lines []string) string {
	sort.Strings(lines)
	return strings.Join(lines, ",\n")
}

// encode gives one text for one value: keys of maps are sorted.
func encode(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	check(encoder.Encode(value))
	return strings.TrimSpace(out.String())
}

// read gives the compact definitions of a folder, and which of them are kinds of objects or lists of such.
func read(folder string) (map[string]any, map[kind]string) {
	named, objects := map[string]any{}, map[kind]string{}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	check(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		var document struct {
			Components struct{ Schemas map[string]map[string]any }
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		check(decoder.Decode(&document))
		for name, schema := range document.Components.Schemas {
			named[name] = compact(name, schema)
			properties, _ := schema["properties"].(map[string]any)
			if properties["metadata"] == nil || properties["kind"] == nil {
				continue
			}
			served, _ := schema["x-kubernetes-group-version-kind"].([]any)
			for _, one := range served {
				field := func(key string) string { return one.(map[string]any)[key].(string) }
				object := kind{field("group"), field("version"), field("kind")}
				if !generic(object.Kind) {
					objects[object] = name
				}
			}
		}
	}
	return named, objects
}

// generic kinds belong to every group, and nobody writes them into a repository.
func generic(kind string) bool {
	return kind == "DeleteOptions" || kind == "WatchEvent" || kind == "Status" || kind == "APIGroup"
}

// compact keeps of a schema what kept says, without the detours of OpenAPI.
func compact(name string, schema map[string]any) map[string]any {
	switch name {
	case "io.k8s.apimachinery.pkg.api.resource.Quantity":
		return map[string]any{"format": "quantity"}
	case "io.k8s.apimachinery.pkg.util.intstr.IntOrString":
		return map[string]any{"x-kubernetes-int-or-string": true}
	case "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "io.k8s.apimachinery.pkg.runtime.RawExtension":
		return map[string]any{"x-kubernetes-preserve-unknown-fields": true}
	}
	out := map[string]any{}
	if len(schema) == 0 || onlyDescribed(schema) {
		return map[string]any{"x-kubernetes-preserve-unknown-fields": true}
	}
	for key, value := range schema {
		if kept[key] {
			out[key] = value
		}
	}
	if required, ok := schema["required"].([]any); ok {
		out["required"] = enforced(name, required, schema["properties"])
	}
	if reference, ok := schema["$ref"].(string); ok {
		out["$ref"] = strings.TrimPrefix(reference, prefix)
	}
	if all, ok := schema["allOf"].([]any); ok && len(all) == 1 {
		out["$ref"] = strings.TrimPrefix(all[0].(map[string]any)["$ref"].(string), prefix)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		out["items"] = compact("", items)
	}
	if values, ok := schema["additionalProperties"].(map[string]any); ok {
		out["additionalProperties"] = compact("", values)
	}
	if properties, ok := schema["properties"].(map[string]any); ok {
		inner := map[string]any{}
		for key, value := range properties {
			inner[key] = compact("", value.(map[string]any))
		}
		out["properties"] = inner
	}
	if oneOf, ok := schema["oneOf"]; ok {
		panic("an unforeseen oneOf: " + name + " " + encode(oneOf))
	}
	return out
}

// enforced leaves those required fields whose absence the server refuses: no switch, since off is as good as absent.
func enforced(name string, required []any, properties any) []any {
	left := []any{}
	for _, field := range required {
		property, _ := properties.(map[string]any)[field.(string)].(map[string]any)
		if property["type"] != "boolean" && unenforced[name] != field {
			left = append(left, field)
		}
	}
	return left
}

func onlyDescribed(schema map[string]any) bool {
	_, described := schema["description"]
	return described && len(schema) == 1
}

// reachable gives the definitions that a kind needs, with their needs.
func reachable(named map[string]any, objects map[kind]string) map[string]any {
	found := map[string]any{}
	var visit func(value any)
	visit = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			if name, ok := value["$ref"].(string); ok && found[name] == nil {
				found[name] = named[name]
				visit(named[name])
			}
			for _, inner := range value {
				visit(inner)
			}
		case []any:
			for _, inner := range value {
				visit(inner)
			}
		}
	}
	for _, name := range objects {
		visit(map[string]any{"$ref": name})
	}
	return found
}
