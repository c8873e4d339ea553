#!/usr/bin/env bash
# ray 2.60.0: the first ray.init() of a user writes ~/.ray/auth_token. From then on "ray start --head" demands that
# token and prints "To add another node to this Ray cluster, run ray start --address=...", but that very command does
# not send the token, though it lies in the same home: it is refused with InvalidAuthToken until RAY_AUTH_MODE=token is
# set. Before the first ray.init() the same two commands work, without any token.
# Seen: with a new home the second node joins; after one ray.init() it is refused; with RAY_AUTH_MODE=token it joins.
set -euo pipefail
folder=$(mktemp -d)
head=""
trap '[ -z "$head" ] || kill "$head" 2>/dev/null || true; sleep 3; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ray==2.60.0
export HOME="$folder/home" RAY_USAGE_STATS_ENABLED=0
mkdir "$HOME"
ray="$folder/venv/bin/ray"

second_node() { # says whether the second node joins a head that was just started
    "$ray" start --head --port 7398 --num-cpus 1 --include-dashboard false --block > "$folder/head" 2>&1 &
    head=$!
    until grep -q "ray start --address" "$folder/head"; do sleep 1; done
    address=$(sed -n "s/.*ray start --address='\([^']*\)'.*/\1/p" "$folder/head" | head -1)
    timeout 40 "$ray" start --address "$address" --num-cpus 1 --block > "$folder/node" 2>&1 || true
    kill "$head" || true
    wait "$head" || true
    head=""
    if grep -q "InvalidAuthToken" "$folder/node"; then echo refused; else
        grep -q "Ray runtime started" "$folder/node" && echo joined; fi
}

fresh=$(second_node)
"$folder/venv/bin/python" -c "import ray; ray.init(address='local', num_cpus=1, include_dashboard=False)" 2> /dev/null
test -s "$HOME/.ray/auth_token"
after=$(second_node)
export RAY_AUTH_MODE=token
set_on_both=$(second_node)
echo "new home: $fresh; after ray.init(): $after; with RAY_AUTH_MODE=token: $set_on_both"
test "$fresh $after $set_on_both" = "joined refused joined"
