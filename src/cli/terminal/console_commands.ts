/**
 * What the keys after Ctrl-A do.
 *
 * @module
 */

import type { Vm } from "../../vm.ts";
import { ESCAPE_HELP, type EscapeCommand, type EscapeSink } from "./escape_keys.ts";
import { windowSize } from "./window_size.ts";

/** What the keys act on. */
export interface CommandTargets {
  readonly guest: Pick<Vm, "state" | "pause" | "resume" | "stop" | "powerButton" | "ctrlAltDel">;
  /** Types a text at the guest. */
  type(text: string): void;
  /** Tells the user something. */
  tell(text: string): void;
  /** Switches the trace and returns whether it is on now; undefined where there is none. */
  toggleTrace?: (() => boolean) | undefined;
}

/** The commands of one console. */
export function consoleCommands(targets: CommandTargets): Omit<EscapeSink, "guest"> {
  const { guest } = targets;
  // The guest's line may be unfinished where a message begins.
  const tell = (text: string) => targets.tell(`\ndenovisor: ${text}\n`);
  const actions: Readonly<Record<EscapeCommand, () => void>> = {
    end: () => void guest.stop(),
    help: () => targets.tell(`\n${ESCAPE_HELP}`),
    pause() {
      if (guest.state === "paused") {
        guest.resume();
        tell("the guest runs on");
      } else {
        void guest.pause().then(() => {
          if (guest.state === "paused") tell("the guest is paused; Ctrl-A p resumes it");
        });
      }
    },
    "power-button"() {
      guest.powerButton();
      tell("power button pressed");
    },
    "ctrl-alt-del"() {
      guest.ctrlAltDel();
      tell("Ctrl-Alt-Del typed");
    },
    "window-size"() {
      const size = windowSize();
      if (size === undefined) tell("this terminal does not tell its size");
      else targets.type(`stty rows ${size.rows} columns ${size.columns}\r`);
    },
    trace() {
      const on = targets.toggleTrace?.();
      tell(on === undefined ? "there is no trace: start with --trace exits" : `trace ${on ? "on" : "off"}`);
    },
  };
  return {
    command: (command) => actions[command](),
    unknown: () => tell("Ctrl-A h shows the keys; Ctrl-A a sends Ctrl-A"),
  };
}
