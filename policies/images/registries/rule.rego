# METADATA
# scope: package
# title: images come from registries that are allowed
# description: >-
#   Whoever runs a registry decides what its images contain, and whether they can be pulled on the day they are
#   needed. A name without a host is one of the Docker Hub: `nginx` is `docker.io/library/nginx`.
# custom:
#   id: images/registries
#   severity: error
#   fix: >-
#     Use an image of an allowed registry, or have the registry allowed by the parameter `registries`.
#   parameters:
#     registries:
#       type: texts
#       default: []
#       needed: true
#       description: "Registries, or beginnings of names, that images may come from; none means any."
package images.registries

import data.lib.images
import data.lib.kubernetes

# Hosts, or hosts with the beginning of a path; empty allows every one.
default registries := []

registries := data.parameters.registries

deny contains {"msg": sprintf("%s runs `%s`, which is from no allowed registry", [use.words, images.name(use.image)]), "path": images.path(use)} if {
	count(registries) > 0
	some use in images.used
	not allowed(images.whole(use.image))
}

allowed(name) if {
	some registry in registries
	kubernetes.starts(name, concat("", [trim_suffix(registry, "/"), "/"]))
}
