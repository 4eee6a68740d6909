#!/bin/sh
# Asked by git before it moves one ref: name, old commit, new commit. SIM_VERDICTS has one line for each thing that is
# demanded: the ref's name, a word, and for `refuse` the reason.
zero=0000000000000000000000000000000000000000
no() {
    echo "error: GH006: Protected branch update failed for $name." >&2
    echo "error: $1" >&2
    failed=1
}
name=$1 old=$2 new=$3 failed=0
while read -r ref word reason; do
    [ "$ref" = "$name" ] || continue
    case $word in
        refuse) no "$reason" ;;
        forward)
            [ "$old" = $zero ] || [ "$new" = $zero ] || git merge-base --is-ancestor "$old" "$new" ||
                no "Cannot force-push to this branch" ;;
        linear)
            [ "$new" = $zero ] || [ -z "$(git rev-list --merges --max-count=1 "$new" --not --branches)" ] ||
                no "This branch must not contain merge commits." ;;
        signed)
            [ "$new" = $zero ] || for commit in $(git rev-list "$new" --not --branches); do
                git cat-file commit "$commit" | sed '/^$/q' | grep -q '^gpgsig' || {
                    no "Commits must have verified signatures."
                    break
                }
            done ;;
    esac
done <<END
$SIM_VERDICTS
END
exit $failed
