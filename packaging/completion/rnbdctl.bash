# rnbdctl(1); printed by `rnbdctl completion bash`
_rnbdctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} said='' word='' i
	local -a names=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* ]] || said+="${COMP_WORDS[i]} "
	done
	case $said in
	"status "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --check --bytes)
		fi ;;
	"map "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --path --port --name --owner --fast-io-fail --wait --no-wait --timeout --dry-run --bytes)
		else names=(from ro rw migration); fi ;;
	"unmap "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --force --wait --no-wait --timeout --dry-run)
		else mapfile -t names < <(rnbdctl list devices -q 2>/dev/null); fi ;;
	"remap "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --wait --no-wait --timeout --dry-run --bytes)
		else mapfile -t names < <(rnbdctl list devices -q 2>/dev/null); fi ;;
	"list "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --no-headers --bytes --owner)
		else names=(devices sessions paths exports); fi ;;
	"show "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --bytes)
		else mapfile -t names < <(for i in devices sessions paths exports; do rnbdctl list $i -q 2>/dev/null; done); fi ;;
	"version "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs)
		fi ;;
	"completion "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs)
		else names=(bash zsh fish); fi ;;
	"device list "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --no-headers --bytes --owner)
		fi ;;
	"device show "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --bytes)
		else mapfile -t names < <(rnbdctl list devices -q 2>/dev/null); fi ;;
	"device map "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --path --port --name --owner --fast-io-fail --wait --no-wait --timeout --dry-run --bytes)
		else names=(from ro rw migration); fi ;;
	"device unmap "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --force --wait --no-wait --timeout --dry-run)
		else mapfile -t names < <(rnbdctl list devices -q 2>/dev/null); fi ;;
	"device remap "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --wait --no-wait --timeout --dry-run --bytes)
		else mapfile -t names < <(rnbdctl list devices -q 2>/dev/null); fi ;;
	"device set "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --fast-io-fail --dry-run --bytes)
		else mapfile -t names < <(rnbdctl list devices -q 2>/dev/null); fi ;;
	"session list "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --no-headers --bytes)
		fi ;;
	"session show "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --bytes)
		else mapfile -t names < <(rnbdctl list sessions -q 2>/dev/null); fi ;;
	"session set "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --policy --max-reconnect-attempts --heartbeat-idle --heartbeat-busy --heartbeat-missed --dry-run)
		else mapfile -t names < <(rnbdctl list sessions -q 2>/dev/null); fi ;;
	"session reconnect "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --wait --no-wait --timeout --dry-run)
		else mapfile -t names < <(rnbdctl list sessions -q 2>/dev/null); fi ;;
	"session disconnect "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --wait --no-wait --timeout --dry-run)
		else mapfile -t names < <(rnbdctl list sessions -q 2>/dev/null); fi ;;
	"path list "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --no-headers --bytes)
		fi ;;
	"path show "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --bytes)
		else mapfile -t names < <(rnbdctl list paths -q 2>/dev/null); fi ;;
	"path add "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --wait --no-wait --timeout --dry-run)
		else mapfile -t names < <(rnbdctl list sessions -q 2>/dev/null); fi ;;
	"path delete "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --wait --no-wait --timeout --dry-run)
		else mapfile -t names < <(rnbdctl list paths -q 2>/dev/null); fi ;;
	"path reconnect "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --wait --no-wait --timeout --dry-run)
		else mapfile -t names < <(rnbdctl list paths -q 2>/dev/null); fi ;;
	"path disconnect "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --wait --no-wait --timeout --dry-run)
		else mapfile -t names < <(rnbdctl list paths -q 2>/dev/null); fi ;;
	"export list "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --no-headers --bytes)
		fi ;;
	"export show "*)
		if [[ $cur == -* ]]; then names=(--help --json --output --quiet --verbose --sysfs --bytes)
		else mapfile -t names < <(rnbdctl list exports -q 2>/dev/null); fi ;;
	"device ") names=(list show map unmap remap set) ;;
	"session ") names=(list show set reconnect disconnect) ;;
	"path ") names=(list show add delete reconnect disconnect) ;;
	"export ") names=(list show) ;;
	"") names=(status map unmap remap list show version completion device session path export) ;;
	esac
	COMPREPLY=()
	for i in "${names[@]}"; do
		printf -v word %q "$i"
		[[ $i != "$cur"* && $word != "$cur"* ]] || COMPREPLY+=("$word")
	done
}
complete -o default -F _rnbdctl rnbdctl
