# METADATA
# title: Names of images
# description: An image's name in its parts, as container runtimes read it.
package lib.images

import data.lib.kubernetes
import data.lib.pods

# Every image that a container runs, or that a volume holds.
used contains {"part": container, "field": ["image"], "words": container.words, "image": container.body.image} if {
	some container in pods.containers
	is_string(container.body.image)
}

used contains {
	"part": {"at": ["spec", "volumes", index], "pod": pod},
	"field": ["image", "reference"],
	"words": sprintf("volume `%v`%s", [volume.name, pod.within]),
	"image": volume.image.reference,
} if {
	some pod in pods.pods
	some index, volume in kubernetes.items(pod, ["spec", "volumes"])
	is_string(volume.image.reference)
}

# Where it is named.
path(use) := pods.path(use.part, use.field)

# Without tag and digest.
name(image) := regex.replace(split(image, "@")[0], `:[^:/]*$`, "")

digest(image) := split(image, "@")[1]

tag(image) := trim_prefix(regex.find_n(`:[^:/]*$`, split(image, "@")[0], 1)[0], ":")

# What stands before the first slash is a registry only if it looks like a host; else it is the Docker Hub.
default registry(_) := "docker.io"

registry(image) := first if {
	parts := split(name(image), "/")
	count(parts) > 1
	first := parts[0]
	regex.match(`[.:]|^localhost$`, first)
}

# With its registry, as it is pulled: `docker.io/library/nginx`.
whole(image) := name(image) if registry(image) == split(name(image), "/")[0]

else := concat("/", ["docker.io", name(image)]) if contains(name(image), "/")

else := concat("/", ["docker.io/library", name(image)])

# The tag that is pulled where there is no digest.
default version(_) := "latest"

version(image) := tag(image)
