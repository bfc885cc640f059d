# For tests of scripts that install: a folder $work, which is all of the PATH of
# what is tested, real tools and fake ones in it, and "ok" lines.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

tools() { # tools NAME...: the real ones
    local tool
    for tool; do
        ln -s "$(command -v "$tool")" "$work/$tool"
    done
}

fake() { # fake NAME: the program comes from standard input
    { echo "#!$(command -v sh)"; cat; } >"$work/$1"
    chmod +x "$work/$1"
}

say() { # say CONDITION SENTENCE
    if eval "$1"; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        cat "$work/out" "$work/calls"
        status=1
    fi
}
