/** Rupees as people type and read them; paisa everywhere else. */

const PAISA_PER_RUPEE = 100;
const EXTENDED_ARABIC_ZERO = 0x6f0;
const ARABIC_ZERO = 0x660;

/** Urdu (۰–۹) and Arabic (٠–٩) digits as ASCII ones. */
export function asciiDigits(text: string): string {
  return text.replace(/[\u06f0-\u06f9\u0660-\u0669]/g, (digit) => {
    const code = digit.charCodeAt(0);
    return String(code - (code >= EXTENDED_ARABIC_ZERO ? EXTENDED_ARABIC_ZERO : ARABIC_ZERO));
  });
}

/** Whole rupees that somebody typed, in paisa; 0 while they cannot be read. */
export function paisaTyped(text: string): number {
  const digits = asciiDigits(text).replace(/[,،٬\s]/g, '');
  return /^\d{1,9}$/.test(digits) ? Number(digits) * PAISA_PER_RUPEE : 0;
}

export function rupees(paisa: number): string {
  const digits = paisa % PAISA_PER_RUPEE === 0 ? 0 : 2;
  return (paisa / PAISA_PER_RUPEE).toLocaleString('en-PK', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Dues with paisa are offered rounded up; what is more becomes an advance (cash is whole rupees). */
export function roundedUp(paisa: number): number {
  return Math.ceil(paisa / PAISA_PER_RUPEE) * PAISA_PER_RUPEE;
}
