# METADATA
# scope: package
# title: tags are not moving ones
# description: >-
#   Tags like `stable`, `main` or `1` are moved to each new build: what runs changes without a commit. A number of up to three
#   digits is a major version, one like `2023` a year, and both go on to be pushed; `1234` is a build and `20260101` a day,
#   which are pushed once.
# custom:
#   id: images/tag
#   severity: warning
#   fix: >-
#     Name a full version, or the digest.
#   parameters:
#     moving_tags:
#       type: texts
#       default: ["stable", "main", "master", "dev", "develop", "edge", "nightly", "canary", "prod", "production", "staging", "test"]
#       description: "Tags that are moved to other images, in lower case."
package images.tag

import data.lib.images

default moving_tags := ["stable", "main", "master", "dev", "develop", "edge", "nightly", "canary", "prod", "production", "staging", "test"]

moving_tags := data.parameters.moving_tags

moving(tag) if lower(tag) in moving_tags

moving(tag) if regex.match(`^v?([0-9]{1,3}|20[0-9]{2})$`, tag)

deny contains {"msg": sprintf("%s runs `%s` with the moving tag `%s`", [use.words, images.name(use.image), images.tag(use.image)]), "path": images.path(use)} if {
	some use in images.used
	not images.digest(use.image)
	moving(images.tag(use.image))
}
