#!/usr/bin/env bash
# Takes down what stand_up.sh made. The bucket of the stores stays, with all that is in it.
#
#   deployment/aws/tear_down.sh lambda|ecs|all [OPTION]...
#
#   lambda, ecs      these workers alone; the queue stays
#   all              all workers, the queue and its dead-letter queue, and the package's bucket if stand_up.sh made it
#
#   --name NAME      as given to stand_up.sh. Default: zagg
#   --region REGION  default: AWS_REGION, or as `aws configure` has it
#   --force          even though there are jobs on the queue, which `all` loses, or a task that produces, which is stopped
#   --yes            don't ask
#
# Exit codes: 0 it is down, 1 refused or failed, 2 usage.
set -euo pipefail

SCRIPT=tear_down.sh
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) || {
    echo "$SCRIPT: bash 4.4 or later is needed, this is $BASH_VERSION" >&2
    exit 1
}
# shellcheck source=deployment/aws/common.sh
. "$HERE/common.sh"

NAME=zagg REGION='' YES='' FORCE='' ACCOUNT='' CALLER=''
PARTS=()
# The stack's cluster; tasks that produce there; who has a policy of the stacks, a line each: policy, kind, name.
CLUSTER='' PRODUCERS='' ATTACHED=''

read_arguments() {
    case ${1:-} in
    -h | --help)
        usage "${BASH_SOURCE[0]}"
        exit 0
        ;;
    lambda | ecs) PARTS=("$1") ;;
    all) PARTS=(lambda ecs base) ;;
    *) misused 'say first what to take down: lambda, ecs or all' ;;
    esac
    shift
    while [ $# -gt 0 ]; do
        case $1 in
        --force) FORCE=yes ;;
        --yes) YES=yes ;;
        --name | --region)
            [ $# -gt 1 ] && [ -n "$2" ] || misused "$1 needs a value"
            case $1 in
            --name) NAME=$2 ;;
            --region) REGION=$2 ;;
            esac
            shift
            ;;
        *) misused "$1 is no option" ;;
        esac
        shift
    done
}

# How many messages a queue holds, whatever becomes of them; nothing if there is no such queue.
messages_on() {
    local url numbers
    url=$(aws_ sqs get-queue-url --queue-name "$1" --query QueueUrl 2>&1) || {
        [[ $url == *NonExistentQueue* || $url == *QueueDoesNotExist* ]] || die "the queue $1: ${url##*$'\n'}"
        return
    }
    numbers=$(aws_ sqs get-queue-attributes --queue-url "$url" --attribute-names ApproximateNumberOfMessages \
        ApproximateNumberOfMessagesNotVisible ApproximateNumberOfMessagesDelayed --query 'Attributes.[values(@)][0]')
    echo $((${numbers//$'\t'/+}))
}

check_queues() {
    local queue count held=''
    for queue in "$NAME" "$NAME-dlq"; do
        count=$(messages_on "$queue")
        [ "${count:-0}" = 0 ] || held+="${held:+ and }$count on $queue"
    done
    [ -n "$held" ] || return 0
    [ -n "$FORCE" ] || die "there are jobs: $held. Cancel the run (zagg cancel STORE), look at what was set aside" \
        "(zagg dead --queue sqs://$NAME), or give --force$([ "${PARTS[-1]}" != base ] || echo ' and lose them')"
    note "there are jobs: $held"
}

# Tasks that produce belong to no service; cluster and security group can't be deleted while they run.
check_producers() {
    local answer
    [[ " ${PARTS[*]} " == *' ecs '* && ${STATE[$NAME-ecs]} != absent ]] || return 0
    CLUSTER=${OLD[$NAME-ecs/Cluster]:-$NAME}
    if answer=$(aws_ ecs list-tasks --cluster "$CLUSTER" --family "$NAME-producer" --query 'taskArns[]' 2>&1); then
        PRODUCERS=$(tr '\t\n' '  ' <<<"$answer" | sed 's/ *$//')
    elif [[ $answer != *ClusterNotFound* ]]; then
        die "the tasks of the cluster $CLUSTER can't be looked at: ${answer##*$'\n'}"
    fi
    [ -z "$PRODUCERS" ] || [ -n "$FORCE" ] ||
        die "tasks of $NAME-producer run in the cluster $CLUSTER: $PRODUCERS. Wait for them, or give --force and stop them"
}

stop_producers() {
    local task
    for task in $PRODUCERS; do
        say "stopping the task $task"
        aws_ ecs stop-task --cluster "$CLUSTER" --task "$task" >/dev/null || die "the task $task is not stopped"
    done
    # shellcheck disable=SC2086 # one argument for each task
    aws_ ecs wait tasks-stopped --cluster "$CLUSTER" --tasks $PRODUCERS || die "not all have stopped: $PRODUCERS"
}

# IAM deletes no policy that somebody has.
look_at_policies() {
    local policies policy answer kind name
    [[ " ${PARTS[*]} " == *' base '* && ${STATE[$NAME-base]} != absent ]] || return 0
    policies=$(aws_ cloudformation describe-stack-resources --stack-name "$NAME-base" \
        --query "StackResources[?ResourceType=='AWS::IAM::ManagedPolicy'].PhysicalResourceId") ||
        die "the policies of the stack $NAME-base can't be looked at"
    for policy in $policies; do
        [[ $policy == arn:* ]] || continue
        if answer=$(aws_ iam list-entities-for-policy --policy-arn "$policy" --policy-usage-filter PermissionsPolicy --query \
            "[PolicyUsers[].['user',UserName],PolicyRoles[].['role',RoleName],PolicyGroups[].['group',GroupName]][]" 2>&1); then
            while IFS=$'\t' read -r kind name; do
                [ -z "$kind" ] || ATTACHED+=$policy$'\t'$kind$'\t'$name$'\n'
            done <<<"$answer"
        elif [[ $answer != *NoSuchEntity* ]]; then
            die "who has the policy $policy can't be looked at: ${answer##*$'\n'}"
        fi
    done
}

detach_policies() {
    local policy kind name
    while IFS=$'\t' read -r policy kind name; do
        [ -n "$policy" ] || continue
        say "detaching the policy ${policy##*/} from the $kind $name"
        aws_ iam "detach-$kind-policy" "--$kind-name" "$name" --policy-arn "$policy" || die "$policy is not detached"
    done <<<"$ATTACHED"
}

show_plan() {
    local part policy kind name
    say "account $ACCOUNT, region $REGION, as $CALLER"
    [ -z "$PRODUCERS" ] || say "  stop the tasks $PRODUCERS"
    while IFS=$'\t' read -r policy kind name; do
        [ -z "$policy" ] || say "  detach the policy ${policy##*/} from the $kind $name"
    done <<<"$ATTACHED"
    for part in "${PARTS[@]}"; do
        [ "${STATE[$NAME-$part]}" = absent ] || say "  delete the stack $NAME-$part"
    done
    [ -z "$CODE" ] || say "  delete the bucket $CODE, with the packages in it"
    [ -z "$STORE" ] || say "  keep the bucket $STORE, with all stores in it"
}

main() {
    read_arguments "$@"
    check_name
    check_account
    local part there='' CODE='' STORE=''
    for part in lambda ecs base; do look_at_stack "$NAME-$part"; done
    for part in "${PARTS[@]}"; do
        [ "${STATE[$NAME-$part]}" = absent ] || there=yes
        [[ ${STATE[$NAME-$part]} != *_IN_PROGRESS || ${STATE[$NAME-$part]} == REVIEW_IN_PROGRESS ]] ||
            die "the stack $NAME-$part is being changed (${STATE[$NAME-$part]}); try again when that is over"
    done
    STORE=${OLD[$NAME-base/StoreBucket]:-}
    if [ "${PARTS[-1]}" = base ] && aws_ s3api head-bucket --bucket "$(own_code_bucket)" >/dev/null 2>&1; then
        CODE=$(own_code_bucket)
    fi
    if [ -z "$there$CODE" ]; then
        say "There is nothing to take down: no $(printf "%s, " "${PARTS[@]/#/$NAME-}" | sed 's/, $//')."
        return
    fi
    check_queues
    check_producers
    look_at_policies
    show_plan
    agreed 'Do this?' || die 'nothing was done'
    [ -z "$PRODUCERS" ] || stop_producers
    for part in "${PARTS[@]}"; do
        [ "${STATE[$NAME-$part]}" != absent ] || continue
        [ "$part" != base ] || detach_policies
        say "deleting the stack $NAME-$part"
        aws_ cloudformation delete-stack --stack-name "$NAME-$part"
        wait_for_stack "$NAME-$part" DELETE_COMPLETE
    done
    if [ -n "$CODE" ]; then
        say "deleting the bucket $CODE"
        aws_ s3 rm --recursive --only-show-errors "s3://$CODE/zagg-lambda/"
        aws_ s3api delete-bucket --bucket "$CODE"
    fi
    [ -z "$STORE" ] || say "The bucket $STORE is kept. To delete it with all that is in it: aws s3 rb --force s3://$STORE"
}

main "$@"
