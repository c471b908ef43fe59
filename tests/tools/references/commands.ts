/**
 * The reference of the command line, read from the commands themselves.
 *
 * @module
 */

import type { Argument, Command, Option } from "commander";

/** One Markdown section a command, in the order of the help; a command that only groups others has no section. */
export function commandReference(program: Command): string {
  return allCommands(program).map(({ path, command }) => describeCommand(path, command)).join("\n\n");
}

interface Placed {
  /** `sluice admin tenants`. */
  readonly path: string;
  readonly command: Command;
}

/** Those that can be run, parents first. */
export function allCommands(program: Command, before = ""): readonly Placed[] {
  const path = `${before} ${program.name()}`.trim();
  const below = program.commands.flatMap((command) => allCommands(command, path));
  return hasAction(program) ? [{ path, command: program }, ...below] : below;
}

/** Commander says it nowhere: a command without commands below it, or with options of its own, does something itself. */
function hasAction(command: Command): boolean {
  return command.commands.length === 0 || command.options.some((option) => !isVersion(option));
}

const isVersion = ({ long }: Option) => long === "--version";

function describeCommand(path: string, command: Command): string {
  const words = command.registeredArguments.map(wordOf).join(" ");
  const usage = [path, ...command.options.length > 0 ? ["[options]"] : [], words].join(" ").trim();
  return [
    `## ${path}`,
    sentence(command.description()),
    `\`${usage}\``,
    ...argumentTable(command.registeredArguments),
    ...optionTable(command.options),
  ].join("\n\n");
}

function wordOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function argumentTable(words: readonly Argument[]): string[] {
  const told = words.filter(({ description }) => description !== "");
  if (told.length === 0) return [];
  const rows = told.map((word) => `| \`${wordOf(word)}\` | ${cell(word.description)} |`);
  return [["| Word | Meaning |", "| --- | --- |", ...rows].join("\n")];
}

function optionTable(options: readonly Option[]): string[] {
  if (options.length === 0) return [];
  const rows = options.map((option) => {
    const { flags, envVar, description } = option;
    const variable = envVar === undefined ? "" : `\`${envVar}\``;
    return `| \`${flags}\` | ${defaultOf(option)} | ${variable} | ${cell(description)}${choicesOf(option)} |`;
  });
  return [["| Option | Default | Variable | Meaning |", "| --- | --- | --- | --- |", ...rows].join("\n")];
}

/** Some tell it in words, because they look it up when they run. */
function defaultOf({ mandatory, defaultValue, defaultValueDescription, description }: Option): string {
  if (defaultValueDescription !== undefined) return cell(defaultValueDescription);
  const told = /\(default: ([^)]*)\)/.exec(description)?.[1];
  if (told !== undefined) return cell(told);
  if (mandatory) return "required";
  if (defaultValue === undefined) return /must be given/.test(description) ? "required" : "none";
  return `\`${typeof defaultValue === "string" ? defaultValue : JSON.stringify(defaultValue)}\``;
}

const choicesOf = ({ argChoices }: Option) => argChoices === undefined ? "" : `: ${argChoices.join(", ")}`;
const sentence = (text: string) => cell(text === "" ? "" : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "\\<");
