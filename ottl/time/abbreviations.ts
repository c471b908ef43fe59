/**
 * Abbreviations of time zones, which the runtime's time zone data leaves out.
 *
 * Every zone of the tz database (2025b, public domain) that has named abbreviations, with those in use since 1970; of two
 * names for one offset the later. A period without a name here is called by its offset, as in the database: "+0545".
 *
 * @module
 */

/** Names with their offsets in seconds, and the zones that use them. */
const GROUPS: readonly (readonly [names: string, zones: string])[] = [
  [
    "CET3600 CEST7200",
    "Africa/Tunis Arctic/Longyearbyen Atlantic/Jan_Mayen CET Europe/Amsterdam Europe/Andorra Europe/Belgrade " +
    "Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Budapest Europe/Busingen Europe/Copenhagen " +
    "Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo " +
    "Europe/Paris Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje " +
    "Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican Europe/Vienna Europe/Warsaw Europe/Zagreb " +
    "Europe/Zurich Poland",
  ],
  [
    "GMT0",
    "Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar " +
    "Africa/Freetown Africa/Lome Africa/Nouakchott Africa/Ouagadougou Africa/Timbuktu America/Danmarkshavn " +
    "Atlantic/Reykjavik Atlantic/St_Helena Etc/GMT Etc/GMT+0 Etc/GMT-0 Etc/GMT0 Etc/Greenwich GMT GMT+0 GMT-0 " +
    "GMT0 Greenwich Iceland",
  ],
  [
    "CST-21600 CDT-18000",
    "America/Belize America/Chicago America/Costa_Rica America/El_Salvador America/Guatemala America/Indiana/Knox " +
    "America/Knox_IN America/Managua America/Matamoros America/Menominee America/Merida America/Mexico_City " +
    "America/Monterrey America/Rainy_River America/Rankin_Inlet America/Resolute America/Tegucigalpa " +
    "America/Winnipeg CST6CDT Canada/Central Mexico/General US/Central US/Indiana-Starke",
  ],
  [
    "EST-18000 EDT-14400",
    "America/Detroit America/Fort_Wayne America/Grand_Turk America/Indiana/Indianapolis America/Indiana/Marengo " +
    "America/Indiana/Vevay America/Indianapolis America/Jamaica America/Kentucky/Louisville America/Louisville " +
    "America/Montreal America/Nassau America/New_York America/Nipigon America/Port-au-Prince America/Thunder_Bay " +
    "America/Toronto Canada/Eastern EST5EDT Jamaica US/East-Indiana US/Eastern US/Michigan",
  ],
  [
    "AST-14400",
    "America/Anguilla America/Antigua America/Aruba America/Blanc-Sablon America/Curacao America/Dominica " +
    "America/Grenada America/Guadeloupe America/Kralendijk America/Lower_Princes America/Marigot America/Miquelon " +
    "America/Montserrat America/Port_of_Spain America/Puerto_Rico America/St_Barthelemy America/St_Kitts " +
    "America/St_Lucia America/St_Thomas America/St_Vincent America/Tortola America/Virgin",
  ],
  [
    "EET7200 EEST10800",
    "Africa/Cairo Asia/Amman Asia/Beirut Asia/Damascus Asia/Famagusta Asia/Gaza Asia/Hebron Asia/Istanbul " +
    "Asia/Nicosia EET Egypt Europe/Athens Europe/Bucharest Europe/Helsinki Europe/Istanbul Europe/Mariehamn " +
    "Europe/Nicosia Europe/Sofia Turkey",
  ],
  [
    "AEST36000 AEDT39600",
    "Antarctica/Macquarie Australia/ACT Australia/Brisbane Australia/Canberra Australia/Currie Australia/Hobart " +
    "Australia/Lindeman Australia/Melbourne Australia/NSW Australia/Queensland Australia/Sydney " +
    "Australia/Tasmania Australia/Victoria",
  ],
  [
    "MST-25200 MDT-21600",
    "America/Boise America/Denver America/Edmonton America/Hermosillo America/Mazatlan America/Shiprock " +
    "America/Yellowknife Canada/Mountain MST7MDT Mexico/BajaSur Navajo US/Mountain",
  ],
  [
    "EAT10800",
    "Africa/Addis_Ababa Africa/Asmara Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala " +
    "Africa/Mogadishu Africa/Nairobi Indian/Antananarivo Indian/Comoro Indian/Mayotte",
  ],
  [
    "WAT3600",
    "Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville Africa/Luanda " +
    "Africa/Malabo Africa/Niamey Africa/Porto-Novo",
  ],
  [
    "EET7200 EEST10800 MSD14400",
    "Europe/Chisinau Europe/Kaliningrad Europe/Kiev Europe/Kyiv Europe/Minsk Europe/Riga Europe/Tallinn " +
    "Europe/Tiraspol Europe/Uzhgorod Europe/Zaporozhye",
  ],
  [
    "PST-28800 PDT-25200",
    "America/Ensenada America/Los_Angeles America/Santa_Isabel America/Tijuana America/Vancouver Canada/Pacific " +
    "Mexico/BajaNorte PST8PDT US/Pacific",
  ],
  [
    "CST28800 CDT32400",
    "Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Macao Asia/Macau Asia/Shanghai Asia/Taipei PRC ROC",
  ],
  [
    "CAT7200",
    "Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Kigali Africa/Lubumbashi Africa/Lusaka " +
    "Africa/Maputo",
  ],
  [
    "AST-14400 ADT-10800",
    "America/Barbados America/Glace_Bay America/Halifax America/Martinique America/Moncton America/Thule " +
    "Atlantic/Bermuda Canada/Atlantic",
  ],
  ["UTC0", "Etc/UCT Etc/UTC Etc/Universal Etc/Zulu UCT UTC Universal Zulu"],
  [
    "CST-21600 EST-18000 EDT-14400",
    "America/Cancun America/Indiana/Petersburg America/Indiana/Vincennes America/Indiana/Winamac America/Iqaluit " +
    "America/Kentucky/Monticello America/Pangnirtung",
  ],
  ["GMT0 BST3600", "Europe/Belfast Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/London GB GB-Eire"],
  [
    "MST-25200 CST-21600 CDT-18000",
    "America/Bahia_Banderas America/Chihuahua America/North_Dakota/Beulah America/North_Dakota/Center " +
    "America/North_Dakota/New_Salem America/Ojinaga",
  ],
  ["WET0 WEST3600", "Atlantic/Azores Atlantic/Canary Atlantic/Faeroe Atlantic/Faroe Atlantic/Madeira WET"],
  ["EST-18000", "America/Atikokan America/Cayman America/Coral_Harbour America/Panama EST"],
  ["MST-25200", "America/Creston America/Phoenix MST US/Arizona"],
  ["PST-28800 MST-25200", "America/Dawson_Creek America/Fort_Nelson America/Whitehorse Canada/Yukon"],
  ["NZST43200 NZDT46800", "Antarctica/McMurdo Antarctica/South_Pole NZ Pacific/Auckland"],
  ["ACST34200 ACDT37800", "Australia/Adelaide Australia/Broken_Hill Australia/South Australia/Yancowinna"],
  ["HST-36000", "HST Pacific/Honolulu Pacific/Johnston US/Hawaii"],
  ["SST-39600", "Pacific/Midway Pacific/Pago_Pago Pacific/Samoa US/Samoa"],
  ["SAST7200", "Africa/Johannesburg Africa/Maseru Africa/Mbabane"],
  ["BST-39600 HST-36000 HDT-32400", "America/Adak America/Atka US/Aleutian"],
  ["AKST-32400 AKDT-28800 PDT-25200", "America/Juneau America/Metlakatla America/Sitka"],
  ["IST7200 IDT10800", "Asia/Jerusalem Asia/Tel_Aviv Israel"],
  ["EET7200 MSK10800 MSK14400", "Europe/Moscow Europe/Simferopol W-SU"],
  ["WET0 CET3600 CEST7200", "Africa/Algiers Africa/Ceuta"],
  ["CAT7200 EAT10800", "Africa/Juba Africa/Khartoum"],
  ["CET3600 EET7200", "Africa/Tripoli Libya"],
  ["AHST-36000 AKST-32400 AKDT-28800", "America/Anchorage US/Alaska"],
  ["CST-18000 CDT-14400", "America/Havana Cuba"],
  ["CST-21600", "America/Regina Canada/Saskatchewan"],
  ["NST-12600 NDT-9000 NDDT-5400", "America/St_Johns Canada/Newfoundland"],
  ["IST19800", "Asia/Calcutta Asia/Kolkata"],
  ["HKT28800 HKST32400", "Asia/Hong_Kong Hongkong"],
  ["WITA28800", "Asia/Makassar Asia/Ujung_Pandang"],
  ["KST32400 KDT36000", "Asia/Seoul ROK"],
  ["JST32400", "Asia/Tokyo Japan"],
  ["ACST34200", "Australia/Darwin Australia/North"],
  ["AEST36000", "Australia/LHI Australia/Lord_Howe"],
  ["AWST28800 AWDT32400", "Australia/Perth Australia/West"],
  ["GMT0 IST3600", "Eire Europe/Dublin"],
  ["MSK10800 MSK14400", "Europe/Kirov Europe/Volgograd"],
  ["WET0 WEST3600 CEST7200", "Europe/Lisbon Portugal"],
  ["ChST36000 GDT39600", "Pacific/Guam Pacific/Saipan"],
  ["MMT-2670 GMT0", "Africa/Monrovia"],
  ["WAT3600 WAST7200", "Africa/Ndjamena"],
  ["GMT0 WAT3600", "Africa/Sao_Tome"],
  ["WAT3600 CAT7200", "Africa/Windhoek"],
  ["MST-25200 MDT-21600 EST-18000", "America/Cambridge_Bay"],
  ["MST-25200 MDT-21600 CDT-18000", "America/Ciudad_Juarez"],
  ["YST-32400 PST-28800 MST-25200", "America/Dawson"],
  ["AST-14400 ADT-10800 ADDT-7200", "America/Goose_Bay"],
  ["CST-21600 CDT-18000 EDT-14400", "America/Indiana/Tell_City"],
  ["PST-28800 MST-25200 MDT-21600", "America/Inuvik"],
  ["BST-39600 BDT-36000 AKST-32400 AKDT-28800", "America/Nome"],
  ["EST-18000 AST-14400", "America/Santo_Domingo"],
  ["MST-25200 CST-21600", "America/Swift_Current"],
  ["AKST-32400 AKDT-28800", "America/Yakutat"],
  ["WIB25200", "Asia/Jakarta"],
  ["WIT32400", "Asia/Jayapura"],
  ["PKT18000 PKST21600", "Asia/Karachi"],
  ["PST28800 PDT32400", "Asia/Manila"],
  ["WIB25200 WITA28800", "Asia/Pontianak"],
  ["KST30600 KST32400", "Asia/Pyongyang"],
  ["CET3600 EET7200 EEST10800 MSD14400", "Europe/Vilnius"],
  ["MET3600 MEST7200", "MET"],
];

export interface Abbreviation {
  readonly name: string;
  readonly offsetSeconds: number;
}

/** Those of the zone called `id`; none when it has only offsets. */
export function abbreviationsOf(id: string): readonly Abbreviation[] {
  const group = GROUPS.find(([, zones]) => ` ${zones} `.includes(` ${id} `));
  return group === undefined ? [] : group[0].split(" ").map(readAbbreviation);
}

/** "CEST7200". */
function readAbbreviation(text: string): Abbreviation {
  const letters = /^[A-Za-z]+/.exec(text)?.[0] ?? "";
  return { name: letters, offsetSeconds: Number(text.slice(letters.length)) };
}
