# METADATA
# scope: package
# title: no argument of a container holds a secret
# description: >-
#   Arguments are in git, in the API, and in the list of processes of the node.
# custom:
#   id: secrets/arguments
#   severity: error
#   fix: >-
#     Let the program read a file or a variable that comes from a Secret; then change the secret, for it is known.
package secrets.arguments

import data.lib.kubernetes
import data.lib.pods

deny contains {
	"msg": sprintf("%s has a secret in its `%s`", [container.words, field]),
	"path": pods.path(container, [field]),
	"worse": {sprintf("%s: %s", [container.words, field]): seals(arguments)},
} if {
	some container in pods.containers
	some field in ["args", "command"]
	arguments := kubernetes.items(container, ["body", field])
	count(seals(arguments)) > 0
}

deny contains {
	"msg": sprintf("`%s` of %s has a secret in its command", [concat(".", hook), container.words]),
	"path": pods.path(container, array.concat(hook, ["exec", "command"])),
	"worse": {sprintf("%s: %s", [container.words, concat(".", hook)]): seals(arguments)},
} if {
	some container in pods.containers
	some hook in [["lifecycle", "postStart"], ["lifecycle", "preStop"], ["livenessProbe"], ["readinessProbe"], ["startupProbe"]]
	arguments := kubernetes.items(container.body, array.concat(hook, ["exec", "command"]))
	count(seals(arguments)) > 0
}

seals(arguments) := {kubernetes.seal(argument) | some argument in arguments; kubernetes.masked(argument)}
