import type { CommandModule } from 'yargs';
import type { RootFlags } from './root-flags.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

// The parser words its answers for the shell that SHELL names, which is the login shell and not always this one.
const ask = (shell: Shell) => `env SHELL=${shell} kronus --get-yargs-completions`;

const scripts: Record<Shell, string> = {
  bash: `# bash completion for kronus; load it with: source <(kronus completion bash)
_kronus() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(${ask('bash')} "\${COMP_WORDS[@]}")" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _kronus kronus
`,
  zsh: `#compdef kronus
# zsh completion for kronus; load it with: source <(kronus completion zsh)
_kronus() {
  local -a answers
  answers=("\${(@f)$(${ask('zsh')} "\${words[@]}")}")
  if [[ -n "\${answers[1]}" ]]; then _describe 'kronus' answers; else _default; fi
}
if [[ "\${zsh_eval_context[-1]}" == loadautofunc ]]; then _kronus "$@"; else compdef _kronus kronus; fi
`,
  fish: `# fish completion for kronus; load it with: kronus completion fish | source
function __kronus_answers
  ${ask('fish')} (commandline -opc) (commandline -ct)
end
complete -c kronus -a '(__kronus_answers)'
`,
};

/** `kronus completion <shell>`: writes a script that makes the shell complete commands and flags. */
export const completionCommand: CommandModule<RootFlags, RootFlags & { shell: Shell }> = {
  command: 'completion <shell>',
  describe: 'Generate the autocompletion script for the specified shell',
  builder: (yargs) =>
    yargs.positional('shell', {
      choices: shells,
      demandOption: true,
      description: 'the shell to complete in',
    }),
  handler: ({ shell }) => {
    process.stdout.write(scripts[shell]);
  },
};
