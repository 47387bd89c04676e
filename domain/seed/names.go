package seed

var firstNames = []string{
	"Aisha", "Alastair", "Amelia", "Andrew", "Anjali", "Arthur", "Beatrice", "Bethan", "Callum", "Carys", "Charlotte", "Chidi",
	"Daniel", "David", "Deborah", "Dylan", "Edith", "Eilidh", "Eleanor", "Farah", "Fiona", "Freya", "Gareth", "George", "Grace",
	"Hamza", "Hannah", "Harriet", "Imogen", "Isla", "Jacob", "James", "Jasmine", "Joanna", "Kwame", "Leah", "Liam", "Lucy",
	"Malcolm", "Maryam", "Matilda", "Mohammed", "Morag", "Nadia", "Nia", "Oliver", "Owen", "Patrick", "Priya", "Rachel",
	"Rhys", "Rosie", "Rory", "Samuel", "Sana", "Sarah", "Simon", "Siobhan", "Stephen", "Tamsin", "Tariq", "Thomas", "Vikram",
	"Wei", "William", "Yasmin", "Zoe",
}

var lastNames = []string{
	"Abbott", "Adeyemi", "Ahmed", "Anderson", "Baker", "Barnes", "Begum", "Bennett", "Brown", "Campbell", "Carter", "Chaudhry",
	"Clarke", "Cooper", "Davies", "Dixon", "Edwards", "Evans", "Fletcher", "Fraser", "Gill", "Graham", "Green", "Griffiths",
	"Hall", "Harris", "Hughes", "Hussain", "Jenkins", "Jones", "Kaur", "Kelly", "Khan", "Lewis", "MacDonald", "Marsh", "Mensah",
	"Mitchell", "Morgan", "Murphy", "Nguyen", "O'Brien", "Okafor", "Owen", "Palmer", "Patel", "Pearce", "Phillips", "Price",
	"Rahman", "Reid", "Roberts", "Robinson", "Scott", "Shah", "Sharma", "Singh", "Smith", "Stewart", "Taylor", "Thomas",
	"Thompson", "Turner", "Walker", "Ward", "Watson", "Webb", "White", "Williams", "Wilson", "Wood", "Wright", "Young",
}
