package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// compare says what became of every object between two renders, each list sorted. An object that stands in a render
// more than once is updated where its copies differ.
func compare(before, after []Manifest) (created, updated, deleted []Object) {
	old, young := group(before), group(after)
	for object, bodies := range young {
		switch known, ok := old[object]; {
		case !ok:
			created = append(created, object)
		case reflect.DeepEqual(known, bodies):
		case strings.HasSuffix(object.Name, "*"):
			// Its name is made up by the API server: what differs is another object.
			created = append(created, object)
		default:
			updated = append(updated, object)
		}
	}
	for object := range old {
		if _, ok := young[object]; !ok {
			deleted = append(deleted, object)
		}
	}
	return sorted(created), sorted(updated), sorted(deleted)
}

func sorted(objects []Object) []Object {
	slices.SortFunc(objects, func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return slices.Clip(objects)
}

func group(manifests []Manifest) map[Object][]any {
	groups := map[Object][]any{}
	for _, manifest := range manifests {
		groups[manifest.Object] = append(groups[manifest.Object], meaning(manifest))
	}
	return groups
}

// meaning is a body without what only the API server and its controllers write. (Of a status that differs a review
// says that it has no effect.)
func meaning(manifest Manifest) any {
	body := maps.Clone(manifest.Body)
	delete(body, "status")
	if metadata, ok := body["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		for _, field := range []string{
			"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid",
		} {
			delete(metadata, field)
		}
		if manifest.Namespace == "" {
			delete(metadata, "namespace")
		}
		body["metadata"] = metadata
	}
	return plain(body)
}

// plain spells numbers one way, so that 1 and 1.0 are equal.
func plain(value any) any {
	switch value := value.(type) {
	case json.Number:
		if number, err := value.Int64(); err == nil {
			return number
		}
		if number, err := value.Float64(); err == nil {
			if number == float64(int64(number)) {
				return int64(number)
			}
			return number
		}
		return value.String()
	case map[string]any:
		same := make(map[string]any, len(value))
		for key, value := range value {
			same[key] = plain(value)
		}
		return same
	case []any:
		same := make([]any, len(value))
		for index, value := range value {
			same[index] = plain(value)
		}
		return same
	}
	return value
}
