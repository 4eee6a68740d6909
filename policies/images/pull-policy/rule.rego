# METADATA
# scope: package
# title: pulling fits the name of the image
# description: >-
#   With `Never` or `IfNotPresent` and a tag that moves, each node runs what it happened to pull. `Never` makes a
#   pod fail on every node that does not have the image.
# custom:
#   id: images/pull-policy
#   severity: warning
#   fix: >-
#     Leave `imagePullPolicy` out for a fixed version; pin images by digest.
package images.pull_policy

import data.lib.images
import data.lib.pods

deny contains {"msg": sprintf("%s never pulls its image", [container.words]), "path": pods.path(container, ["imagePullPolicy"])} if {
	some container in pods.containers
	container.body.imagePullPolicy == "Never"
}

deny contains {"msg": sprintf("%s pulls `latest` only once for each node", [container.words]), "path": pods.path(container, ["imagePullPolicy"])} if {
	some container in pods.containers
	container.body.imagePullPolicy == "IfNotPresent"
	is_string(container.body.image)
	not images.digest(container.body.image)
	images.version(container.body.image) == "latest"
}
