package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// Object tells one object from all others.
type Object struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Manifest is one object as it was rendered.
type Manifest struct {
	Object
	Body map[string]any
}

// parse reads manifests as kubectl does: documents between lines that begin with dashes, YAML 1.1, lists opened.
func parse(text []byte) ([]Manifest, error) {
	var bodies []map[string]any
	for _, document := range split(text) {
		asJSON, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return nil, err
		}
		decoder := json.NewDecoder(bytes.NewReader(asJSON))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		if value == nil {
			continue
		}
		body, ok := value.(map[string]any)
		if !ok {
			return nil, errors.New("a document is no mapping")
		}
		bodies = append(bodies, open(body)...)
	}
	custom := clusterKinds(bodies)
	var manifests []Manifest
	for _, body := range bodies {
		manifest, err := identify(body, custom)
		if err != nil {
			return nil, err
		}
		manifests = append(manifests, manifest)
	}
	return manifests, nil
}

func split(text []byte) [][]byte {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var documents [][]byte
	var document []byte
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("---")) {
			documents = append(documents, document)
			// What stands behind the dashes belongs to the next document.
			document = append([]byte{}, line[3:]...)
			continue
		}
		document = append(document, line...)
	}
	return append(documents, document)
}

// open gives the items of a list, or the object itself.
func open(body map[string]any) []map[string]any {
	kind, _ := body["kind"].(string)
	items, ok := body["items"].([]any)
	if !strings.HasSuffix(kind, "List") || !ok {
		if kind == "List" {
			return nil
		}
		return []map[string]any{body}
	}
	var all []map[string]any
	for _, item := range items {
		if item, ok := item.(map[string]any); ok {
			if item["kind"] == nil && item["apiVersion"] == nil {
				item["kind"], item["apiVersion"] = strings.TrimSuffix(kind, "List"), body["apiVersion"]
			}
			all = append(all, open(item)...)
		}
	}
	return all
}

func identify(body map[string]any, custom map[string]bool) (Manifest, error) {
	version, _ := body["apiVersion"].(string)
	kind, _ := body["kind"].(string)
	metadata, _ := body["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	if prefix, ok := metadata["generateName"].(string); ok && name == "" {
		name = prefix + "*"
	}
	namespace, _ := metadata["namespace"].(string)
	if version == "" || kind == "" || name == "" {
		return Manifest{}, fmt.Errorf("an object of kind %q in version %q with the name %q", kind, version, name)
	}
	group, _, found := strings.Cut(version, "/")
	if !found {
		group = ""
	}
	if clusterScoped[kind+"."+group] || custom[kind+"."+group] {
		namespace = ""
	}
	return Manifest{Object{group, kind, namespace, name}, body}, nil
}

// clusterKinds gives what the definitions among these objects declare to be in no namespace.
func clusterKinds(bodies []map[string]any) map[string]bool {
	kinds := map[string]bool{}
	for _, body := range bodies {
		spec, _ := body["spec"].(map[string]any)
		names, _ := spec["names"].(map[string]any)
		if body["kind"] == "CustomResourceDefinition" && spec["scope"] == "Cluster" {
			kinds[fmt.Sprintf("%v.%v", names["kind"], spec["group"])] = true
		}
	}
	return kinds
}

// As `kubectl api-resources --namespaced=false` has it.
var clusterScoped = map[string]bool{
	"Namespace.": true, "Node.": true, "PersistentVolume.": true,
	"APIService.apiregistration.k8s.io":                           true,
	"CertificateSigningRequest.certificates.k8s.io":               true,
	"ClusterRole.rbac.authorization.k8s.io":                       true,
	"ClusterRoleBinding.rbac.authorization.k8s.io":                true,
	"CSIDriver.storage.k8s.io":                                    true,
	"CustomResourceDefinition.apiextensions.k8s.io":               true,
	"FlowSchema.flowcontrol.apiserver.k8s.io":                     true,
	"IngressClass.networking.k8s.io":                              true,
	"MutatingWebhookConfiguration.admissionregistration.k8s.io":   true,
	"PodSecurityPolicy.policy":                                    true,
	"PriorityClass.scheduling.k8s.io":                             true,
	"PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io":     true,
	"RuntimeClass.node.k8s.io":                                    true,
	"StorageClass.storage.k8s.io":                                 true,
	"ValidatingAdmissionPolicy.admissionregistration.k8s.io":      true,
	"ValidatingWebhookConfiguration.admissionregistration.k8s.io": true,
	"VolumeAttachment.storage.k8s.io":                             true,
}
