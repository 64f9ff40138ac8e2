/** Commands and code, which stay as they are. */
const commands = /`[^`]*`|(?<![\w-])(aws|cdk|eksctl|eksposure|helm|kubectl|RUN) [^，。；：（）]*/g;

/** Two English words in a row, that are no names. */
const words = /(?<![\w./@-])[a-z]{2,} [a-z]{2,}(?!\w*[/.@])/;

/** What of a Chinese text is English; undefined when nothing is. */
export const unsaid = (text: string): string | undefined => words.exec(text.replace(commands, ""))?.[0];
