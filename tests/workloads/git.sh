# SPDX-License-Identifier: GPL-2.0
# The repository below /src: every object of it, then every file of the worktree, which is hashed anew because the
# index knows other inodes.

export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
cd /src || exit
git fsck --full --strict --no-dangling || exit
objects=$(git count-objects -v | sed -n 's/^in-pack: //p')
changed=$(git status --porcelain --untracked-files=no) || exit
[ -z "$changed" ] || { echo "$changed"; exit 1; }
files=$(git ls-files | wc -l)
sum=$(git archive HEAD | sha256sum | cut -c1-12)
echo "result: fsck of $objects objects, status of $files files, archive $sum"
