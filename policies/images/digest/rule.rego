# METADATA
# scope: package
# title: images are pinned by their digest
# description: >-
#   A tag can be moved to another image at any time, by whoever may push: what was reviewed is then not what runs. A
#   digest is the image.
# custom:
#   id: images/digest
#   severity: warning
#   fix: >-
#     Write the digest behind the name: `name:tag@sha256:…`.
package images.digest

import data.lib.images

deny contains {"msg": sprintf("%s runs `%s`, which is not pinned by its digest", [use.words, images.name(use.image)]), "path": images.path(use)} if {
	some use in images.used
	not regex.match(`^sha256:[a-f0-9]{64}$|^sha512:[a-f0-9]{128}$`, concat("", array.slice(split(use.image, "@"), 1, 2)))
}
