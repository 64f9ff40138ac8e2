/** Sets Chinese beside other letters and numbers as it is set in print: with a space between them, and none between Chinese and Chinese. */
export const spaced = (text: string) =>
  text
    .replace(/(?<=[\p{sc=Han}”）]) (?=[\p{sc=Han}“（])|(?<=。) /gu, "")
    .replace(/(?<=\p{sc=Han})(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=\p{sc=Han})/gu, " ");
