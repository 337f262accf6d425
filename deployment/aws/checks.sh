# shellcheck shell=bash
# shellcheck disable=SC2034,SC2153,SC2154 # variables are shared with who sources it
# What stand_up.sh checks before it makes anything, because neither CloudFormation nor its emulators do. Sourced, not run.

check_numbers() {
    local visibility timeout receives batch pollers minimum maximum
    visibility=$(number base VisibilityTimeout)
    [ "$visibility" -ge 30 ] || die "VisibilityTimeout=$visibility: 30 or more, so that a busy worker extends it in time"
    receives=$(number base MaxReceiveCount)
    [ "$receives" -ge 5 ] ||
        die "MaxReceiveCount=$receives: throttled invocations count, so good jobs would be set aside; 5 or more"
    if will_be lambda; then
        timeout=$(number lambda Timeout)
        [ "$visibility" -ge $((6 * timeout)) ] ||
            die "VisibilityTimeout=$visibility is below six times Timeout=$timeout: jobs would be delivered while they" \
                "are in work; VisibilityTimeout=$((6 * timeout)) or more"
        batch=$(number lambda BatchSize)
        [ "$batch" -ge 1 ] && [ "$batch" -le 10 ] ||
            die "BatchSize=$batch: 1 to 10. More would need a window in which jobs only wait"
        minimum=$(number lambda MinimumPollers) pollers=$(number lambda MaximumPollers)
        [ "$pollers" = 0 ] || [ "$minimum" -le "$pollers" ] ||
            die "MinimumPollers=$minimum is above MaximumPollers=$pollers"
    fi
    if will_be ecs; then
        minimum=$(number ecs MinimumTasks) maximum=$(number ecs MaximumTasks)
        [ "$minimum" -le "$maximum" ] || die "MinimumTasks=$minimum is above MaximumTasks=$maximum"
    fi
    [ -z "$(value base AlarmEmail)" ] || [ -z "$(value base AlarmTopic)" ] ||
        die 'AlarmEmail and AlarmTopic are both set; drop one: AlarmEmail= or AlarmTopic='
}

check_keys() {
    local key given
    for key in StoreKey GranulesKey SecretKey KmsKey; do
        given=${TYPED[$key]:-}
        [[ -z $given || $given == arn:*:kms:*:key/* ]] ||
            die "$key=$given: the ARN of a key is wanted, arn:$PARTITION:kms:REGION:ACCOUNT:key/...; an alias allows nothing"
    done
}

# The region of a bucket, nothing if there is no such bucket.
region_of_bucket() {
    local found
    if found=$(aws_ s3api get-bucket-location --bucket "$1" --query LocationConstraint 2>&1); then
        case $found in
        None | '') echo us-east-1 ;;
        EU) echo eu-west-1 ;;
        *) echo "$found" ;;
        esac
    elif [[ $found != *NoSuchBucket* ]]; then
        die "the bucket $1 can't be looked at; is it another account's? ${found##*$'\n'}"
    fi
}

check_bucket() {
    [[ $1 =~ ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$ ]] ||
        die "$1 is no bucket's name: small letters, digits, - and ., without s3:// and without a prefix"
    [ -z "$2" ] || [ "$2" = "$REGION" ] ||
        die "the bucket $1 is in $2, and the workers would be in $REGION: every byte between would be paid for; --region $2"
}

# The ARN of a key, if it is one of the account's own, or its name, if it can't be looked up; nothing for Amazon's.
own_key() {
    local found
    case $1 in
    '' | None | alias/aws/* | *:alias/aws/*) ;;
    *)
        if found=$(aws_ kms describe-key --key-id "$1" --query 'KeyMetadata.[KeyManager,Arn]' 2>/dev/null); then
            [[ $found == AWS$'\t'* ]] || echo "${found#*$'\t'}"
        else
            echo "$1"
        fi
        ;;
    esac
}

# Dies unless the parameter KEY of a template allows the use of the key that encrypts something.
check_key() {
    local what=$1 part=$3 key=$4 found given
    found=$(own_key "$2")
    [ -n "$found" ] || return 0
    given=$(value "$part" "$key")
    [ -n "$given" ] || die "$what is encrypted with $found, a key of your own: give $key, the ARN of that key"
    [[ $found != *:key/* || $found == "$given" ]] || die "$key=$given, and $what is encrypted with $found: $key=$found"
}

check_bucket_key() {
    local bucket=$1 answer algorithm key
    local query='Rules[0].ApplyServerSideEncryptionByDefault.[SSEAlgorithm,KMSMasterKeyID]'
    if answer=$(aws_ s3api get-bucket-encryption --bucket "$bucket" \
        --query "ServerSideEncryptionConfiguration.$query" 2>&1); then
        IFS=$'\t' read -r algorithm key <<<"$answer"
        [[ $algorithm != aws:kms* ]] || check_key "the bucket $bucket" "$key" "$2" "$3"
    elif [[ $answer != *ServerSideEncryptionConfigurationNotFound* ]]; then
        note "how the bucket $bucket is encrypted is not known to who runs this; it was not checked"
    fi
}

check_granules_bucket() {
    local bucket
    bucket=$(value "$1" GranulesBucket)
    [ -z "$bucket" ] || [ "$bucket" = "$STORE" ] || check_bucket_key "$bucket" "$1" GranulesKey
}

check_store_bucket() {
    local region
    STORE=${STORE:-${OLD[$NAME-base/StoreBucket]:-}}
    [ -n "$STORE" ] || misused '--store-bucket is missing'
    check_bucket "$STORE" ''
    region=$(region_of_bucket "$STORE")
    check_bucket "$STORE" "$region"
    [ -z "$region" ] || check_bucket_key "$STORE" base StoreKey
    if [ "${OLD[$NAME-base/StoreBucket]:-}" = "$STORE" ] && [ "${OLD[$NAME-base/MakeStoreBucket]:-}" = yes ]; then
        [ -n "$region" ] || die "the bucket $STORE belongs to the stack $NAME-base and is gone: tear_down.sh, then again"
        TYPED[MakeStoreBucket]=yes
    elif [ -n "$region" ]; then
        TYPED[MakeStoreBucket]=no
        [ -z "$MAKE" ] || note "the bucket $STORE is there already; it is used as it is"
    elif [ -n "$MAKE" ]; then
        TYPED[MakeStoreBucket]=yes
    else
        die "there is no bucket $STORE; --make-store-bucket makes it"
    fi
    TYPED[StoreBucket]=$STORE
}

# The package's digest, if it is one for this architecture.
judge_package() {
    python3 - "$1" "$2" <<'PYTHON'
import hashlib, sys, zipfile

path, wanted = sys.argv[1:]
try:
    with zipfile.ZipFile(path) as archive, archive.open("bootstrap") as program:
        head, mode = program.read(20), archive.getinfo("bootstrap").external_attr >> 16
except (OSError, KeyError, zipfile.BadZipFile) as error:
    sys.exit(f"it is no package of build.sh: {error}")
machine = {62: "x86_64", 183: "arm64"}.get(int.from_bytes(head[18:20], "little"))
if head[:4] != b"\x7fELF" or not mode & 0o100:
    sys.exit("its bootstrap is no program; build.sh makes one")
if machine != wanted:
    sys.exit(f"it is for {machine}, and Architecture is {wanted}: Architecture={machine}, or another --package")
with open(path, "rb") as file:
    print(hashlib.sha256(file.read()).hexdigest()[:16])
PYTHON
}

check_package() {
    local architecture digest
    architecture=$(value lambda Architecture | tr '[:upper:]' '[:lower:]')
    CODE=${CODE:-${OLD[$NAME-lambda/CodeBucket]:-$(own_code_bucket)}}
    local region
    check_bucket "$CODE" ''
    region=$(region_of_bucket "$CODE")
    check_bucket "$CODE" "$region"
    if [ -z "$PACKAGE" ]; then
        PACKAGE=$HERE/../../target/lambda/zagg-lambda-$architecture.zip
        if [ ! -f "$PACKAGE" ] && [ -n "$region" ] && [ "${OLD[$NAME-lambda/CodeBucket]:-}" = "$CODE" ] &&
            [ "${OLD[$NAME-lambda/Architecture]:-}" = "$architecture" ]; then
            # What runs goes on running.
            PACKAGE='' KEY=${OLD[$NAME-lambda/CodeKey]}
            return
        fi
    fi
    [ -f "$PACKAGE" ] || die "there is no package $PACKAGE; deployment/aws/build.sh --arch $architecture makes it"
    command -v python3 >/dev/null || die 'python3 is not there; it looks into the package'
    digest=$(judge_package "$PACKAGE" "$architecture" 2>&1) || die "$PACKAGE: $digest"
    # Named by its content: another package is another key, which is what makes CloudFormation notice it.
    KEY=zagg-lambda/$digest-$architecture.zip
    if [ -z "$region" ]; then
        [ "$CODE" = "$(own_code_bucket)" ] || die "there is no bucket $CODE for the package; without --code-bucket one is made"
        MAKE_CODE=yes UPLOAD=yes
    else
        aws_ s3api head-object --bucket "$CODE" --key "$KEY" >/dev/null 2>&1 || UPLOAD=yes
    fi
}

# New accounts may have 10 invocations at once, not 1,000.
check_concurrency() {
    local left wanted pollers
    left=$(aws_ lambda get-account-settings --query AccountLimit.UnreservedConcurrentExecutions 2>/dev/null) || left=''
    if [[ ! $left =~ ^[0-9]+$ ]]; then
        note 'how many invocations the account allows at once is not known to who runs this; it was not checked'
        return
    fi
    pollers=$(number lambda MaximumPollers)
    if [ "$pollers" = 0 ]; then
        wanted=$(number lambda MaximumConcurrency)
        [ "$wanted" -le "$left" ] ||
            die "MaximumConcurrency=$wanted, and the account allows $left invocations at once: those above are throttled," \
                "and each costs its jobs a delivery. MaximumConcurrency=$left, or have the quota raised"
    elif [ $((pollers * 10)) -gt "$left" ]; then
        die "MaximumPollers=$pollers start up to $((pollers * 10)) invocations at once, and the account allows $left:" \
            "MaximumPollers=$((left / 10)), or have the quota raised"
    fi
}

check_network() {
    local vpc subnets
    vpc=$(value ecs Vpc)
    subnets=$(value ecs Subnets)
    if [ -z "$vpc" ]; then
        vpc=$(aws_ ec2 describe-vpcs --filters Name=is-default,Values=true --query 'Vpcs[0].VpcId')
        [[ $vpc == vpc-* ]] || die 'there is no default network; give Vpc=vpc-... Subnets=subnet-...,subnet-...'
    fi
    if [ -z "$subnets" ]; then
        subnets=$(aws_ ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" Name=default-for-az,Values=true \
            --query 'Subnets[].SubnetId' | tr '\t' '\n' | sort | paste -sd,)
        [[ $subnets == subnet-* ]] || die "$vpc has no default subnets; give Subnets=subnet-...,subnet-..."
    fi
    TYPED[Vpc]=$vpc TYPED[Subnets]=$subnets
    local there
    # shellcheck disable=SC2086 # one argument for each subnet
    there=$(aws_ ec2 describe-subnets --subnet-ids ${subnets//,/ } --query 'Subnets[].VpcId' 2>&1) ||
        die "Subnets=$subnets: ${there##*$'\n'}"
    there=$(tr '\t' '\n' <<<"$there" | sort -u)
    [ "$there" = "$vpc" ] || die "Subnets=$subnets are of ${there//$'\n'/, }, not all of Vpc=$vpc"
}

check_images() {
    local key image repository
    for key in Image ProducerImage; do
        image=$(value ecs "$key")
        [ -n "$image" ] || die "$key is missing: $key=REGISTRY/NAME:VERSION (Image is zagg-worker's, ProducerImage zagg's)"
        [[ $image == *@sha256:* || ${image##*/} == *:* ]] || die "$key=$image has no version"
        [[ $image != *:latest ]] || die "$key=$image: name a version; what runs must not change by itself"
        if [[ $image =~ ^[0-9]{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/([^:@]+)[:@](.+)$ ]]; then
            repository=${BASH_REMATCH[3]}
            [ -n "$(value ecs EcrRepository)" ] ||
                die "$key is in a private registry; tasks may only pull it with" \
                    "EcrRepository=arn:$PARTITION:ecr:${BASH_REMATCH[1]}:${image%%.*}:repository/$repository"
        fi
    done
}

# The ECS of an account works by a role that its first use makes, too late for that use.
check_service_role() {
    local answer
    [ "${STATE[$NAME-ecs]}" = absent ] || return 0
    if ! answer=$(aws_ iam get-role --role-name AWSServiceRoleForECS --query Role.Arn 2>&1); then
        if [[ $answer == *NoSuchEntity* ]]; then
            MAKE_ROLE=yes
        else
            note 'whether the account has the role AWSServiceRoleForECS is not known to who runs this; it was not checked'
        fi
    fi
}

# The ARNs of the secrets, by template.
declare -A SECRET=()
check_secret() {
    local part=$1 secret answer arn key
    secret=$(value "$part" EarthdataSecret)
    [ -n "$secret" ] || return 0
    answer=$(aws_ secretsmanager describe-secret --secret-id "$secret" --query '[ARN,KmsKeyId]' 2>&1) ||
        die "EarthdataSecret=$secret: ${answer##*$'\n'}"
    IFS=$'\t' read -r arn key <<<"${answer##*$'\n'}"
    # Secrets are found by less than their ARN, but IAM compares the whole.
    SECRET[$part]=$arn
    # A function's secret is read by CloudFormation, with the rights of who runs this; tasks read theirs themselves.
    [ "$part" != ecs ] || check_key "the secret $secret" "$key" ecs SecretKey
}
