// control/cli: what a shell completes.
#include "control/cli/completion.h"

#include <CLI/CLI.hpp>

namespace sluice::control {
namespace {

/// What stands in braces in a type's name, as `TEXT:{tls,quic}`.
std::string choices_of(const std::string& type) {
  const size_t open = type.find('{'), close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos || close < open) {
    return {};
  }
  std::string out = type.substr(open + 1, close - open - 1);
  std::replace(out.begin(), out.end(), ',', ' ');
  return out;
}

/// One line of `case`: after this option, what may follow; `-` where nothing is known.
std::string value_case(const std::string& path, const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) {
    return {};
  }
  std::string names;
  for (const std::string& each : option.get_lnames()) {
    names.append(names.empty() ? "'" : "|'").append(path).append(" --").append(each).append("'");
  }
  for (const std::string& each : option.get_snames()) {
    names.append(names.empty() ? "'" : "|'").append(path).append(" -").append(each).append("'");
  }
  const std::string choices = choices_of(option.get_type_name());
  return names.empty() ? std::string()
                       : "    " + names + ") words='" + (choices.empty() ? "@files" : choices) + "' ;;\n";
}

struct Script {
  std::string words, values, below;
};

void describe(const CLI::App& app, const std::string& path, Script& out) {
  std::string words, positional;
  const auto add = [](std::string& to, const std::string& word) { to += (to.empty() ? "" : " ") + word; };
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!each->get_group().empty()) {
      add(words, each->get_name());
      out.below += "    '" + path + " " + each->get_name() + "') path=\"$path $word\" ;;\n";
    }
    describe(*each, path + " " + each->get_name(), out);
  }
  for (const CLI::Option* each : app.get_options([](const CLI::Option*) { return true; })) {
    for (const std::string& name : each->get_lnames()) {
      add(words, "--" + name);
    }
    out.values += value_case(path, *each);
    if (each->get_positional()) {
      const std::string choices = choices_of(each->get_type_name());
      add(positional, choices.empty() ? "@files" : choices);
    }
  }
  out.words +=
      "    '" + path + "') words='" + words + (positional.empty() ? "" : " ") + positional + "' ;;\n";
}

}  // namespace

std::string completion_script(const CLI::App& app, bool zsh) {
  Script script;
  describe(app, app.get_name(), script);
  std::string out = zsh ? "autoload -U +X compinit bashcompinit && compinit && bashcompinit\n" : "";
  out +=
      "# control/cli: made by `sluicectl completion`.\n_sluicectl() {\n"
      "  local path=" +
      app.get_name() +
      " word words='' cur=${COMP_WORDS[COMP_CWORD]} i\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n    word=${COMP_WORDS[i]}\n    case \"$path $word\" in\n" +
      script.below + "    esac\n  done\n  case \"$path ${COMP_WORDS[COMP_CWORD-1]}\" in\n" + script.values +
      "    *) case \"$path\" in\n" + script.words +
      "    esac ;;\n  esac\n"
      "  COMPREPLY=($(compgen -W \"${words//@files/}\" -- \"$cur\"))\n"
      "  [[ $words != *@files* || $cur == -* ]] || COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
      "}\ncomplete -o filenames -F _sluicectl sluicectl\n";
  return out;
}

}  // namespace sluice::control
