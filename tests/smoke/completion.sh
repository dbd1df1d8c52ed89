#!/bin/bash
# smoke: every command of sluicectl is completed, with its options, and its help ends with an example.
#
#   completion.sh
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=${SLUICE_BUILD:-$root/build}/control
PATH="$bin:$PATH"
eval "$(sluicectl completion bash)" || exit 1

failed=0
check() { # check NAME GOT WANTED...: every word wanted is among the words got
  local name=$1 got=" $2 " word missing=''
  shift 2
  for word; do [[ $got == *" $word "* ]] || missing+=" $word"; done
  if [[ -z $missing ]]; then echo "ok - $name"; else echo "not ok - $name"; echo "    missing:$missing"; failed=1; fi
}
complete_words() { # what follows the words
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _sluicectl
  printf '%s ' "${COMPREPLY[@]}"
}
# The commands below a command, and its options, as its own help has them.
commands_of() { sluicectl "$@" --help | sed -n '/^Subcommands:/,$s/^  \([a-z]\+\) .*/\1/p'; }
options_of() { sluicectl "$@" --help | grep -o '^  \(-[a-z],\)\?--[a-z-]\+' | grep -o -- '--[a-z-]*' | sort -u; }

walk() { # walk WORDS...: of a command and all below it
  local commands each
  mapfile -t commands < <(commands_of "$@")
  check "sluicectl $*: commands and options are completed" "$(complete_words sluicectl "$@" '') $(complete_words sluicectl "$@" --)" \
    "${commands[@]}" $(options_of "$@")
  if (($#)); then
    check "sluicectl $* --help ends with an example" "$(sluicectl "$@" --help | tail -1 | tr -s ' ' | cut -d' ' -f1-$(($# + 2)) | sed 's/$/ /')" \
      Example: sluicectl "$@"
  fi
  for each in "${commands[@]}"; do walk "$@" "$each"; done
}
walk
check "a command's choices" "$(complete_words sluicectl top '')" names clients rules networks
check "an option's choices" "$(complete_words sluicectl top names --action '')" allowed blocked observed
check "the begin of a word" "$(complete_words sluicectl logs ver)" verify
check "a file after an option" "$(cd "$root" && complete_words sluicectl logs --log conf cont; cd "$root" && complete_words sluicectl check cont)" control
for file in "$(sluicectl completion bash)" "$(sluicectl completion zsh)"; do
  bash -n <<<"$file" && echo "ok - a script that parses" || { echo "not ok - a script that parses"; failed=1; }
done
exit "$failed"
