# METADATA
# scope: package
# title: no variable of a container holds a secret
# description: >-
#   A secret in an environment variable of a manifest is in git, in the API for everybody who may read pods, and in
#   crash reports. A value counts as one if its name, its form or its randomness says so; it is masked wherever it
#   is shown.
# custom:
#   id: secrets/environment
#   severity: error
#   fix: >-
#     Put it into a Secret and refer to that by `valueFrom.secretKeyRef`; then change it, for it is known.
package secrets.environment

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": words, "path": pods.path(container, ["env", index, "value"]), "worse": {words: kubernetes.seal(variable.value)}} if {
	some container in pods.containers
	some index, variable in kubernetes.items(container, ["body", "env"])
	kubernetes.masked(variable.value)
	words := sprintf("%s has a secret in the variable `%v`", [container.words, variable.name])
}
