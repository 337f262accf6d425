# shellcheck shell=bash
# shellcheck disable=SC2034 # some of what is set is for who sources it
# What stand_up.sh and tear_down.sh share. Sourced, not run; $SCRIPT is the name of who sources it.

say() { printf '%s\n' "$*"; }

note() { printf '%s: %s\n' "$SCRIPT" "$*" >&2; }

die() {
    note "$*"
    exit 1
}

misused() {
    note "$*; $SCRIPT --help says more"
    exit 2
}

# The comment at the head of a script.
usage() {
    sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$1"
}

# The aws command, for this region. Pages and prompts are for terminals.
aws_() {
    local more=()
    # Version 1 of the command asks Amazon's own SQS whatever AWS_ENDPOINT_URL says, unless it is told so.
    local endpoint=${AWS_ENDPOINT_URL_SQS:-${AWS_ENDPOINT_URL:-}}
    [ "$1" != sqs ] || [ -z "$endpoint" ] || more=(--endpoint-url "$endpoint")
    AWS_PAGER='' aws --region "$REGION" --output text "${more[@]}" "$@"
}

# Sets ACCOUNT, PARTITION and CALLER, or says what is missing.
check_account() {
    command -v aws >/dev/null ||
        die 'the aws command is not there: https://docs.aws.amazon.com/cli/ or pip install awscli'
    REGION=${REGION:-${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region 2>/dev/null || true)}}}
    [ -n "$REGION" ] || die 'no region: give --region, or set AWS_REGION; granules of NASA are in us-west-2'
    [[ $REGION =~ ^[a-z]{2}(-[a-z]+)+-[0-9]+$ ]] || die "--region $REGION: a region is named like us-west-2"
    local answer
    answer=$(aws_ sts get-caller-identity --query '[Account,Arn]' 2>&1) ||
        die "no valid credentials (aws configure, AWS_PROFILE or AWS_ACCESS_KEY_ID): ${answer##*$'\n'}"
    IFS=$'\t' read -r ACCOUNT CALLER <<<"$answer"
    PARTITION=$(cut -d: -f2 <<<"$CALLER")
}

# Names of queue, function, service and stacks begin with it.
check_name() {
    [[ $NAME =~ ^[A-Za-z][A-Za-z0-9-]{0,27}$ ]] ||
        die "--name $NAME: a letter, then letters, digits and -, 28 at most"
}

# The package's bucket, unless another is named.
own_code_bucket() {
    tr '[:upper:]' '[:lower:]' <<<"$NAME-code-$ACCOUNT-$REGION"
}

# A stack's state in STATE[stack], absent if there is none, and its parameters in OLD[stack/KEY].
declare -A STATE=() OLD=()
look_at_stack() {
    local stack=$1 answer key value
    if answer=$(aws_ cloudformation describe-stacks --stack-name "$stack" \
        --query 'Stacks[0].[StackStatus,Parameters[].[ParameterKey,ParameterValue]]' 2>&1); then
        STATE[$stack]=${answer%%$'\n'*}
        while IFS=$'\t' read -r key value; do
            OLD[$stack/$key]=$value
        done < <(tail -n +2 <<<"$answer")
    elif [[ $answer == *'does not exist'* ]]; then
        STATE[$stack]=absent
    else
        die "the stack $stack can't be looked at: ${answer##*$'\n'}"
    fi
}

# Waits until a stack is no longer in change; dies with its own reasons if it is not in the wanted state.
wait_for_stack() {
    local stack=$1 wanted=$2 state='' tries=0 unanswered=0
    # CloudFormation gives a service three hours.
    while [ $tries -lt 2400 ]; do
        if state=$(aws_ cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' 2>&1); then
            unanswered=0
            state=${state##*$'\n'}
            [[ $state == *_IN_PROGRESS ]] || break
        elif [[ $state == *'does not exist'* ]]; then
            state=DELETE_COMPLETE
            break
        else
            unanswered=$((unanswered + 1))
            [ $unanswered -lt 5 ] ||
                die "what becomes of the stack $stack can't be seen any more, and it goes on: ${state##*$'\n'}"
        fi
        tries=$((tries + 1))
        sleep $((tries < 10 ? 1 : 5))
    done
    [[ " $wanted " != *" $state "* ]] || return 0
    note "the stack $stack is $state:"
    aws_ cloudformation describe-stack-events --stack-name "$stack" \
        --query "StackEvents[?contains(ResourceStatus, 'FAILED')].[LogicalResourceId,ResourceStatusReason]" >&2 || true
    exit 1
}

# Whether who runs this agrees. --yes answers for them.
agreed() {
    [ -z "$YES" ] || return 0
    [ -t 0 ] || die 'there is no terminal to ask at; --yes goes ahead'
    local answer
    read -r -p "$1 [y/N] " answer
    [[ $answer == [yY] || $answer == [yY][eE][sS] ]]
}
