import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../../../src/errors.ts";
import { parseArguments } from "../../../src/cli/arguments.ts";
import { optionsOf } from "../../../src/cli/command.ts";
import { chosenAction, debianRequest, image, ociRequest } from "../../../src/cli/commands/image.ts";

const parse = (line: string) =>
  parseArguments(line.split(" ").filter((word) => word !== ""), optionsOf(image), {
    command: "denovisor image",
    maxOperands: image.maxOperands ?? 0,
  });
const choose = (line: string) => chosenAction(parse(line));

Deno.test("cli/image: actions with their operands", () => {
  assertEquals(choose("build debian --suite trixie"), { action: "build debian", operands: [] });
  assertEquals(choose("build oci-archive x.tar --init /sbin/init").operands, ["x.tar"]);
  assertEquals(choose("ls --json").action, "ls");
  assertEquals(choose("resize debian 8G"), { action: "resize", operands: ["debian", "8G"] });
});

Deno.test("cli/image: what does not fit is told in one line", () => {
  const bad: readonly (readonly [string, string])[] = [
    ["", "what is to be done"],
    ["sl", 'unknown "sl"'],
    ["build", "image build: what is to be done"],
    ["build debain", 'unknown "debain"'],
    ["build oci-layout", "needs DIRECTORY"],
    ["info", "needs NAME|PATH"],
    ["resize debian", "needs SIZE"],
    ["rm a b", '"b" is one word too many'],
    ["ls --suite sid", "--suite does not go with image ls"],
    ["build debian --init /bin/sh", "--init does not go with image build debian"],
    ["build oci-layout d --package vim", "--package does not go"],
  ];
  for (const [line, words] of bad) assertThrows(() => choose(line), UserError, words);
});

Deno.test("cli/image: requests from flags and defaults", () => {
  assertEquals(debianRequest(parse("build debian --package vim --package less --size 1.5G")), {
    name: "debian",
    suite: "bookworm",
    packages: ["vim", "less"],
    sshKeys: [],
    size: 1.5 * 2 ** 30,
    rebuild: false,
  });
  for (
    const [path, name] of [["./Nginx_1.25.tar", "nginx_1.25"], ["/a/my image/", "my-image"], [
      "../.x",
      "x",
    ]] as const
  ) assertEquals(ociRequest(parse("build oci-layout x"), path).name, name);
  assertEquals(ociRequest(parse("build oci-layout x --name y --init /i --rebuild"), "x"), {
    name: "y",
    init: "/i",
    size: 4 * 2 ** 30,
    rebuild: true,
  });
  for (const size of ["4", "big", "-1G"]) {
    assertThrows(() => debianRequest(parse(`build debian --size ${size}`)), UserError, "no size of a disk");
  }
});
