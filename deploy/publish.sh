#!/usr/bin/env bash
# Builds the image of a function, pushes it by digest, and puts the function's alias `live` on it:
#
#     deploy/publish.sh [--processor stream|snapshot] [--function NAME] [--repository NAME]
#                       [--architecture arm64|x86_64] [--tag TAG] [-- OPTIONS OF DOCKER BUILD]
#
# Without --function it stops after the push: the line `ImageUri=…` is the parameter of the templates. With it, a new
# version of the function is published and the alias moves there; the templates must get the same ImageUri before they
# are deployed again. deploy/flights/roll-back.sh moves the alias back. Needs docker with buildx, and the AWS CLI.
set -euo pipefail
cd "$(dirname "$0")/.."
processor=stream repository=rowtide architecture=arm64 function='' tag='' more=()

while [ $# -gt 0 ]; do
    case $1 in
        --processor) processor=${2:?} ;;
        --function) function=${2:?} ;;
        --repository) repository=${2:?} ;;
        --architecture) architecture=${2:?} ;;
        --tag) tag=${2:?} ;;
        --)
            shift
            more=("$@")
            break
            ;;
        *)
            echo "$0: $1 is unknown; its first lines say what it takes." >&2
            exit 2
            ;;
    esac
    shift 2
done
case $architecture in
    arm64) platform=linux/arm64 ;;
    x86_64) platform=linux/amd64 ;;
    *) echo "$0: --architecture is arm64 or x86_64." >&2 && exit 2 ;;
esac

scripts/features "$processor" >/dev/null

# A tag is never used twice (the repository is immutable), so it names what was built.
if [ -z "$tag" ]; then
    if [ -n "$(git status --porcelain)" ]; then
        echo "$0: there are changes that are not committed. Commit them, or name the image with --tag." >&2
        exit 1
    fi
    tag=rowtide-$processor-$architecture-$(git rev-parse --short=12 HEAD)
fi

uri=$(aws ecr describe-repositories --repository-names "$repository" \
    --query 'repositories[0].repositoryUri' --output text)
digest() {
    local found
    found=$(aws ecr describe-images --repository-name "$repository" --image-ids "imageTag=$tag" \
        --query 'imageDetails[0].imageDigest' --output text) || return
    [ "$found" != None ] && echo "$found"
}

if digest >/dev/null 2>&1; then
    echo "$uri:$tag is there already." >&2
else
    aws ecr get-login-password | docker login --username AWS --password-stdin "${uri%%/*}" >&2
    # Lambda takes images of one architecture and without attestations only.
    docker buildx build --platform "$platform" --provenance=false --sbom=false \
        --build-arg FUNCTION="$processor" --tag "$uri:$tag" ${more[@]+"${more[@]}"} --push . >&2
fi
image=$uri@$(digest)
echo "ImageUri=$image"
[ -n "$function" ] || exit 0

before=$(aws lambda get-alias --function-name "$function" --name live --query FunctionVersion --output text)
aws lambda update-function-code --function-name "$function" --image-uri "$image" --query CodeSha256 --output text >&2
aws lambda wait function-updated-v2 --function-name "$function"
version=$(aws lambda publish-version --function-name "$function" --description "$tag" --query Version --output text)
aws lambda wait published-version-active --function-name "$function" --qualifier "$version"
aws lambda update-alias --function-name "$function" --name live --function-version "$version" \
    --query FunctionVersion --output text >&2
echo "Version=$version"
echo "Back: deploy/flights/roll-back.sh $function $before"
