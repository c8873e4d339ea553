#!/usr/bin/env bash
# mkdocs-click 0.9.0 with click 8.5.1: in a page with ":style: table" the column Default of every option that has no
# default reads "Sentinel.UNSET", click's own mark for "nothing was given" since 8.3; so does every flag. The plain style
# of the same page, which click formats itself, is right.
# Seen: <td><code>Sentinel.UNSET</code></td> twice in the table, never in the plain page.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q mkdocs==1.6.1 mkdocs-click==0.9.0 click==8.5.1
cd "$folder"
mkdir docs
cat > tool.py <<'PY'
import click


@click.command()
@click.option("--out", help="Where to write.")
@click.option("--fast", is_flag=True, help="Hurry.")
def tool(out, fast):
    """Does something."""
PY
for style in table plain; do
    printf '# %s\n\n::: mkdocs-click\n    :module: tool\n    :command: tool\n    :style: %s\n' $style $style > docs/$style.md
done
printf '# Start\n' > docs/index.md
printf 'site_name: x\nmarkdown_extensions: [mkdocs-click]\n' > mkdocs.yml
PYTHONPATH=. venv/bin/mkdocs build -q
table=$(grep -o 'Sentinel.UNSET' site/table/index.html | wc -l)
plain=$(grep -o 'Sentinel.UNSET' site/plain/index.html | wc -l || true)
echo "Sentinel.UNSET: $table times in the table, $plain in the plain page"
test "$table" -ge 2 && test "$plain" -eq 0
