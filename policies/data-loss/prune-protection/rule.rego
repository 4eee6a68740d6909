# METADATA
# scope: package
# title: what holds data is kept from being pruned
# description: >-
#   Appliers delete what is gone from git, also when it is gone by mistake. Argo CD, Flux and Helm each know an
#   annotation that keeps an object; taking it away is how data is lost a commit later.
# custom:
#   id: data-loss/prune-protection
#   severity: error
#   fix: >-
#     Keep the annotation until the data is saved.
package data_loss.prune_protection

import data.lib.argocd
import data.lib.kubernetes

guards := {
	"argocd.argoproj.io/sync-options": {"Prune=false", "Delete=false", "Prune=confirm", "Delete=confirm"},
	"kustomize.toolkit.fluxcd.io/prune": {"disabled"},
	"helm.sh/resource-policy": {"keep"},
	"kustomize.toolkit.fluxcd.io/reconcile": {"disabled"},
}

before := data.countersign.before

words(body, key) := {trim_space(word) | some word in split(sprintf("%v", [kubernetes.value(body, ["metadata", "annotations", key], "")]), ",")}

deny contains {"msg": sprintf("`%s: %s` no longer keeps it from being pruned", [key, word]), "path": ["metadata", "annotations", key]} if {
	data.countersign.operation == "UPDATE"
	some key, values in guards
	some word in words(before, key) & values
	not word in kubernetes.value({"words": words(input, key)}, "words", set())
	not loses_all
}

# Without annotations there are no words.
deny contains {"msg": sprintf("`%s: %s` no longer keeps it from being pruned", [key, word]), "path": ["metadata", "annotations", key]} if {
	data.countersign.operation == "UPDATE"
	loses_all
	some key, values in guards
	some word in words(before, key) & values
}

loses_all if not kubernetes.given(input, ["metadata", "annotations"])
