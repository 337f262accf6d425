#!/usr/bin/env bash
# Stands up zagg on AWS: the queue with what belongs to it, and workers on Lambda, on ECS, or on both. Checks everything
# first, prints what it will do, asks, and does it. Run again, it changes what differs, and says so if nothing does.
#
#   deployment/aws/stand_up.sh lambda|ecs|both --store-bucket BUCKET [OPTION]... [PARAMETER=VALUE]...
#
#   --name NAME           of the queue, the function, the service and the stacks. Default: zagg
#   --region REGION       default: AWS_REGION, or as `aws configure` has it
#   --store-bucket BUCKET the bucket of the stores
#   --make-store-bucket   make it, if it is not there. It outlives the stacks
#   --code-bucket BUCKET  the bucket of the function's package. Default: NAME-code-ACCOUNT-REGION, made if it is not there
#   --package FILE        the package. Default: target/lambda/zagg-lambda-ARCHITECTURE.zip, which build.sh makes
#   --dry-run             print what would be done, and do nothing
#   --yes                 don't ask
#   PARAMETER=VALUE       any parameter of zagg-base.yaml, zagg-lambda.yaml or zagg-ecs.yaml
#
# A parameter that was given once is kept until another value is given. Exit codes: 0 it stands, 1 refused or failed,
# 2 usage.
set -euo pipefail

SCRIPT=stand_up.sh
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) || {
    echo "$SCRIPT: bash 4.4 or later is needed, this is $BASH_VERSION" >&2
    exit 1
}
# shellcheck source=deployment/aws/common.sh
. "$HERE/common.sh"
# shellcheck source=deployment/aws/checks.sh
. "$HERE/checks.sh"

NAME=zagg REGION='' STORE='' MAKE='' CODE='' PACKAGE='' DRY='' YES='' ACCOUNT='' CALLER='' PARTITION=''
# What was typed, by parameter; the parameters' defaults, by template/KEY; what is passed on, by template/KEY.
declare -A TYPED=() DEFAULT=() VALUE=()
# Which templates are stood up.
PARTS=(base)
# How the package is uploaded: its key, and whether it is there; whether the code bucket is.
KEY='' UPLOAD='' MAKE_CODE=''
# Whether the role that ECS works by is made.
MAKE_ROLE=''

# --- what was typed -------------------------------------------------------------------------------------------------

read_arguments() {
    case ${1:-} in
    -h | --help)
        usage "${BASH_SOURCE[0]}"
        exit 0
        ;;
    lambda | ecs) PARTS+=("$1") ;;
    both) PARTS+=(lambda ecs) ;;
    *) misused 'say first what to stand up: lambda, ecs or both' ;;
    esac
    shift
    while [ $# -gt 0 ]; do
        case $1 in
        --make-store-bucket) MAKE=yes ;;
        --dry-run) DRY=yes ;;
        --yes) YES=yes ;;
        --name | --region | --store-bucket | --code-bucket | --package)
            [ $# -gt 1 ] && [ -n "$2" ] || misused "$1 needs a value"
            case $1 in
            --name) NAME=$2 ;;
            --region) REGION=$2 ;;
            --store-bucket) STORE=$2 ;;
            --code-bucket) CODE=$2 ;;
            --package) PACKAGE=$2 ;;
            esac
            shift
            ;;
        Name=* | Queue=* | StoreBucket=* | MakeStoreBucket=* | CodeBucket=* | CodeKey=*)
            misused "${1%%=*} is not given so; --name, --store-bucket, --make-store-bucket, --code-bucket, --package"
            ;;
        [A-Z]*=*) TYPED[${1%%=*}]=${1#*=} ;;
        *) misused "$1 is neither an option nor PARAMETER=VALUE" ;;
        esac
        shift
    done
}

# The parameters of our own templates, and their defaults: KEY, whether there is a default, the default.
parameters_of() {
    awk '
        /^[A-Za-z]/ { inside = /^Parameters:/ }
        inside && /^  [A-Za-z]+:$/ { show(); key = substr($1, 1, length($1) - 1); has = "no"; value = "" }
        inside && /^    Default:/ { has = "yes"; value = $2; gsub(/"/, "", value) }
        function show() { if (key != "") print key, has, value; key = "" }
        END { show() }' "$HERE/zagg-$1.yaml"
}

read_templates() {
    local part key has default known=' '
    for part in base lambda ecs; do
        while read -r key has default; do
            [[ " ${PARTS[*]} " != *" $part "* ]] || known+="$key "
            DEFAULT[$part/$key]=$([ "$has" = no ] || echo "=$default")
        done < <(parameters_of "$part")
    done
    for key in "${!TYPED[@]}"; do
        [[ $known == *" $key "* ]] || die "$key is no parameter of what is stood up (${PARTS[*]}). There are:$known"
    done
}

# --- what is there --------------------------------------------------------------------------------------------------

# The value of a parameter: the one typed, else the one that the stack has, else the template's default.
value() {
    local part=$1 key=$2 old=$NAME-$1/$2
    if [ -n "${TYPED[$key]+typed}" ]; then
        printf '%s' "${TYPED[$key]}"
    elif [ -n "${OLD[$old]+there}" ]; then
        printf '%s' "${OLD[$old]}"
    else
        printf '%s' "${DEFAULT[$part/$key]#=}"
    fi
}

# A number among the parameters.
number() {
    local found
    found=$(value "$1" "$2")
    [[ $found =~ ^[0-9]+$ ]] || die "$2=$found: a whole number is wanted"
    printf '%s' "$found"
}

look_at_stacks() {
    local part stack
    for part in base lambda ecs; do
        stack=$NAME-$part
        look_at_stack "$stack"
        case ${STATE[$stack]} in
        absent | CREATE_COMPLETE | UPDATE_COMPLETE | UPDATE_ROLLBACK_COMPLETE) ;;
        *_IN_PROGRESS)
            [ "${STATE[$stack]}" != REVIEW_IN_PROGRESS ] ||
                die "the stack $stack was begun and never made: $(deleting "$stack")"
            die "the stack $stack is being changed (${STATE[$stack]}); try again when that is over"
            ;;
        *) die "the stack $stack is ${STATE[$stack]} and can't be changed: $(deleting "$stack")" ;;
        esac
    done
}

deleting() {
    printf 'aws cloudformation delete-stack --region %s --stack-name %s' "$REGION" "$1"
}

uses() {
    [[ " ${PARTS[*]} " == *" $1 "* ]]
}

# Whether this part will be there: because it is stood up, or is standing.
will_be() {
    uses "$1" || [ "${STATE[$NAME-$1]}" != absent ]
}

# --- what is to be done ---------------------------------------------------------------------------------------------

# What each template is given.
resolve() {
    local part key given alarms
    alarms=$(value base AlarmTopic)
    [ -z "$(value base AlarmEmail)" ] || alarms=arn:$PARTITION:sns:$REGION:$ACCOUNT:$NAME-alarms
    for part in "${PARTS[@]}"; do
        for key in $(parameters_of "$part" | cut -d' ' -f1); do
            case $part/$key in
            */Name | */Queue) given=$NAME ;;
            */StoreBucket) given=$STORE ;;
            lambda/CodeBucket) given=$CODE ;;
            lambda/CodeKey) given=$KEY ;;
            lambda/Architecture) given=$(value lambda "$key" | tr '[:upper:]' '[:lower:]') ;;
            ecs/Architecture) given=$(value ecs "$key" | tr '[:lower:]' '[:upper:]') ;;
            # What belongs to the queue, the workers are told.
            lambda/AlarmTopic | ecs/AlarmTopic) given=$alarms ;;
            */EarthdataSecret) given=${SECRET[$part]:-} ;;
            */StorePrefix | */StoreKey | */MaxReceiveCount) given=$(value base "$key") ;;
            *) given=$(value "$part" "$key") ;;
            esac
            VALUE[$part/$key]=$given
        done
    done
}

# The arguments of create-stack and create-change-set, one a line.
arguments_of() {
    local part=$1 key
    printf '%s\n' --stack-name "$NAME-$part" --template-body "file://$HERE/zagg-$part.yaml" \
        --capabilities CAPABILITY_IAM --tags "Key=zagg,Value=$NAME" --parameters
    for key in $(parameters_of "$part" | cut -d' ' -f1); do
        json_of "$key" "${VALUE[$part/$key]}"
    done
}

# One parameter as JSON, so that commas in it stay in it.
json_of() {
    local text=${2//\\/\\\\}
    printf '{"ParameterKey":"%s","ParameterValue":"%s"}\n' "$1" "${text//\"/\\\"}"
}

# What would change in each stack: absent, same, or the name of a change set.
declare -A CHANGE=()
plan_stack() {
    local part=$1 stack=$NAME-$1 set state reason given
    if [ "${STATE[$stack]}" = absent ]; then
        CHANGE[$part]=absent
        return
    fi
    set=stand-up-$(date +%s)-$$
    mapfile -t given < <(arguments_of "$part")
    aws_ cloudformation create-change-set --change-set-name "$set" "${given[@]}" >/dev/null
    while :; do
        IFS=$'\t' read -r state reason < <(aws_ cloudformation describe-change-set --stack-name "$stack" \
            --change-set-name "$set" --query '[Status,StatusReason]')
        [[ $state == *_PENDING || $state == *_IN_PROGRESS ]] || break
        sleep 1
    done
    if [ "$state" = CREATE_COMPLETE ]; then
        CHANGE[$part]=$set
        return
    fi
    aws_ cloudformation delete-change-set --stack-name "$stack" --change-set-name "$set" >/dev/null
    # CloudFormation tells "no change" by these words alone.
    [[ $reason == *"didn't contain changes"* || $reason == *'No updates are to be performed'* ]] ||
        die "the stack $stack can't be changed so: $reason"
    CHANGE[$part]=same
}

show_plan() {
    local part stack key changes action logical type replacement
    say "account $ACCOUNT, region $REGION, as $CALLER"
    if uses lambda; then
        [ -z "$MAKE_CODE" ] || say "  make the bucket $CODE, for packages"
        [ -z "$UPLOAD" ] || say "  upload $(basename "$PACKAGE") ($(wc -c <"$PACKAGE" | tr -d ' ') bytes) to s3://$CODE/$KEY"
    fi
    [ -z "$MAKE_ROLE" ] || say '  make the role AWSServiceRoleForECS, by which ECS works in an account; it stays'
    for part in "${PARTS[@]}"; do
        stack=$NAME-$part
        case ${CHANGE[$part]} in
        absent)
            say "  make the stack $stack, with"
            for key in $(parameters_of "$part" | cut -d' ' -f1); do
                [ -z "${VALUE[$part/$key]}" ] || say "      $key=${VALUE[$part/$key]}"
            done
            ;;
        same) say "  leave the stack $stack as it is" ;;
        *)
            say "  change the stack $stack:"
            changes=$(aws_ cloudformation describe-change-set --stack-name "$stack" --change-set-name "${CHANGE[$part]}" \
                --query 'Changes[].ResourceChange.[Action,LogicalResourceId,ResourceType,Replacement]')
            while IFS=$'\t' read -r action logical type replacement; do
                say "      $action $logical ($type)$([ "$replacement" != True ] || echo ', by a new one')"
            done <<<"$changes"
            [[ $part != ecs || $changes != *$'\tService\t'* ]] || tell_of_running_tasks
            ;;
        esac
    done
    for part in lambda ecs; do
        uses "$part" || [ "${STATE[$NAME-$part]}" = absent ] || tell_what_differs "$part"
    done
    [[ $REGION == us-west-2 || -n $(value "${PARTS[1]}" GranulesBucket) ]] ||
        note "granules of NASA's Earthdata Cloud are in us-west-2; from $REGION they are read by https, at what that costs"
}

# A service that changes gets new tasks, and waits for old ones with jobs in work: these are protected.
tell_of_running_tasks() {
    local cluster=${OLD[$NAME-ecs/Cluster]:-$NAME} answer tasks
    answer=$(aws_ ecs list-tasks --cluster "$cluster" --service-name "$NAME" --query 'taskArns[]') || return 0
    [ -n "$answer" ] || return 0
    read -r -a tasks <<<"$(tr '\t\n' '  ' <<<"$answer")"
    say "      Tasks that run: ${#tasks[@]}. Those with jobs in work are protected, and the change waits for them; after three"
    say '      hours it fails and is taken back. Once it has begun, this lets them put back their jobs and end:'
    say "      for task in ${tasks[*]##*/}; do"
    say "          aws ecs stop-task --region $REGION --cluster $cluster --task \$task --query task.taskArn"
    say '      done'
}

# Workers that stand too, but are left as they are, may have been given something else.
tell_what_differs() {
    local key
    for key in StoreBucket StorePrefix StoreKey MaxReceiveCount; do
        [ "${OLD[$NAME-$1/$key]:-}" = "${VALUE[base/$key]}" ] ||
            note "the stack $NAME-$1 has $key=${OLD[$NAME-$1/$key]:-}, and keeps it; \`both\` changes it too"
    done
}

# Whether there is anything to do at all.
changes() {
    local part
    [ -z "$MAKE_CODE$UPLOAD" ] || return 0
    for part in "${PARTS[@]}"; do
        [ "${CHANGE[$part]}" = same ] || return 0
    done
    return 1
}

# Change sets that are not used are no litter.
forget() {
    local part
    for part in "${PARTS[@]}"; do
        case ${CHANGE[$part]:-same} in
        absent | same) ;;
        *)
            aws_ cloudformation delete-change-set --stack-name "$NAME-$part" --change-set-name "${CHANGE[$part]}" \
                >/dev/null 2>&1 || true
            ;;
        esac
    done
}

# --- doing it -------------------------------------------------------------------------------------------------------

make_code_bucket() {
    local where=(--create-bucket-configuration "LocationConstraint=$REGION")
    [ "$REGION" != us-east-1 ] || where=()
    say "making the bucket $CODE"
    aws_ s3api create-bucket --bucket "$CODE" "${where[@]}" >/dev/null
    aws_ s3api put-public-access-block --bucket "$CODE" --public-access-block-configuration \
        BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
}

make_service_role() {
    local role
    say 'making the role AWSServiceRoleForECS'
    if role=$(aws_ iam create-service-linked-role --aws-service-name ecs.amazonaws.com --query Role.RoleName 2>&1); then
        aws_ iam wait role-exists --role-name "$role" || die "the role $role was made, and is not there; try again"
    # Somebody else may have been faster.
    elif [[ $role != *'has been taken'* && $role != *EntityAlreadyExists* ]]; then
        die "the role AWSServiceRoleForECS can't be made: ${role##*$'\n'}"
    fi
}

do_stack() {
    local part=$1 stack=$NAME-$1 given
    case ${CHANGE[$part]} in
    same) ;;
    absent)
        say "making the stack $stack"
        mapfile -t given < <(arguments_of "$part")
        aws_ cloudformation create-stack "${given[@]}" >/dev/null
        wait_for_stack "$stack" CREATE_COMPLETE
        ;;
    *)
        say "changing the stack $stack"
        aws_ cloudformation execute-change-set --stack-name "$stack" --change-set-name "${CHANGE[$part]}" >/dev/null
        CHANGE[$part]=same
        wait_for_stack "$stack" UPDATE_COMPLETE
        ;;
    esac
}

tell() {
    local part
    for part in "${PARTS[@]}"; do
        say "$NAME-$part:"
        aws_ cloudformation describe-stacks --stack-name "$NAME-$part" \
            --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]' | sed 's/^/  /'
    done
    say "Now: zagg-produce --catalog shardmap.json --config pipeline.yaml --store s3://$STORE/RUN --queue sqs://$NAME"
}

main() {
    read_arguments "$@"
    check_name
    read_templates
    check_account
    look_at_stacks
    check_numbers
    check_keys
    check_store_bucket
    if uses lambda; then
        check_package
        check_concurrency
        check_granules_bucket lambda
        check_secret lambda
    fi
    if uses ecs; then
        check_images
        check_network
        check_granules_bucket ecs
        check_secret ecs
        check_service_role
    fi
    resolve
    trap forget EXIT
    local part
    for part in "${PARTS[@]}"; do plan_stack "$part"; done
    show_plan
    if ! changes; then
        say 'Nothing changes.'
        return
    fi
    if [ -n "$DRY" ]; then
        say 'Nothing was done (--dry-run).'
        return
    fi
    agreed 'Do this?' || die 'nothing was done'
    [ -z "$MAKE_CODE" ] || make_code_bucket
    [ -z "$UPLOAD" ] || aws_ s3 cp --only-show-errors "$PACKAGE" "s3://$CODE/$KEY"
    [ -z "$MAKE_ROLE" ] || make_service_role
    for part in "${PARTS[@]}"; do do_stack "$part"; done
    tell
}

main "$@"
