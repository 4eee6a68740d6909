# METADATA
# scope: package
# title: images name a version
# description: >-
#   Without a tag, or with `latest`, an image is whatever was pushed last: two pods of one rollout may run different
#   programs, and going back changes nothing.
# custom:
#   id: images/latest
#   severity: error
#   fix: >-
#     Name the version as the tag, or better the digest.
package images.latest

import data.lib.images

deny contains {"msg": sprintf("%s runs `%s` in no version", [use.words, images.name(use.image)]), "path": images.path(use)} if {
	some use in images.used
	not images.digest(use.image)
	not versioned(use.image)
}

versioned(image) if not images.version(image) in ["latest", ""]
